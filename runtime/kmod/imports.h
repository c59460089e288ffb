/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The helpers this target provides. For each, dispatch.S has the entry that images call,
 * and a function do_NAME does the work.
 */
#define REX_HELPERS(X)						\
	X(rex_trace) X(rex_panic_begin) X(rex_panic_end)		\
	X(rex_cpu) X(rex_numa_node)					\
	X(rex_ktime_ns) X(rex_ktime_boot_ns) X(rex_ktime_coarse_ns)	\
	X(rex_jiffies64) X(rex_random_u32)				\
	X(rex_task_current) X(rex_task_pid) X(rex_task_tgid)		\
	X(rex_task_utime) X(rex_task_comm) X(rex_task_regs)		\
	X(rex_task_from_pid) X(rex_task_put)				\
	X(rex_map_lookup) X(rex_map_update) X(rex_map_delete)		\
	X(rex_map_next_key) X(rex_map_read_cpu) X(rex_map_push)		\
	X(rex_map_pop) X(rex_map_peek) X(rex_map_contains)		\
	X(rex_ringbuf_reserve) X(rex_ringbuf_submit)			\
	X(rex_ringbuf_discard) X(rex_ringbuf_output)			\
	X(rex_ringbuf_query)						\
	X(rex_probe_read_kernel) X(rex_probe_read_kernel_str)		\
	X(rex_probe_read_user) X(rex_probe_read_user_str)		\
	X(rex_record) X(rex_uid_gid) X(rex_cgroup_id)			\
	X(rex_send_signal) X(rex_override_return)			\
	X(rex_spin_lock) X(rex_spin_unlock) X(rex_stack_id)		\
	X(rex_perf_read_value) X(rex_perf_output)

/* What the compiler calls on its own: the kernel's, and arith.c's. */
#define REX_COMPILER_CALLS(X)						\
	X(memcpy) X(memmove) X(memset) X(memcmp) X(bcmp)		\
	X(__udivti3) X(__umodti3) X(__divti3) X(__modti3)
