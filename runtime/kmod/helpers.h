/* SPDX-License-Identifier: GPL-2.0-only */
/* What helpers share. Each do_NAME is entered through dispatch.S with the phase "in helper". */
#ifndef REX_HELPERS_H
#define REX_HELPERS_H

#include "rex.h"

static inline struct rex_level *rex_level(void)
{
	return __this_cpu_read(rex_current);
}

static inline bool rex_kill_pending(void)
{
	return READ_ONCE(*this_cpu_ptr(&rex_phase)) == REX_KILL;
}

static inline void rex_need_slot(struct rex_level *level)
{
	if (level->held >= REX_RESOURCE_SLOTS)
		rex_stop_in_helper(REX_STOP_NO_SLOTS, 0);
}

/* A map by its handle, its index plus 1; NULL if there is none. */
static inline struct rex_map *rex_map_of(u64 handle)
{
	struct rex_image *image = rex_level()->program->image;

	return handle - 1 < image->map_count ? &image->maps[handle - 1] : NULL;
}

s64 do_rex_trace(const u8 *message, size_t len);
u8 *do_rex_panic_begin(const u8 *file, size_t file_len, u32 line, u32 column);
void do_rex_panic_end(size_t len);
u32 do_rex_cpu(void);
s32 do_rex_numa_node(void);
u64 do_rex_ktime_ns(void);
u64 do_rex_ktime_boot_ns(void);
u64 do_rex_ktime_coarse_ns(void);
u64 do_rex_jiffies64(void);
u32 do_rex_random_u32(void);
u64 do_rex_task_current(void);
s32 do_rex_task_pid(u64 task);
s32 do_rex_task_tgid(u64 task);
u64 do_rex_task_utime(u64 task);
s64 do_rex_task_comm(u64 task, u8 (*out)[16]);
const struct pt_regs *do_rex_task_regs(u64 task);
u64 do_rex_task_from_pid(s32 pid);
void do_rex_task_put(u64 task);
u8 *do_rex_map_lookup(u64 map, const u8 *key);
s64 do_rex_map_update(u64 map, const u8 *key, const u8 *value, u64 flags);
s64 do_rex_map_delete(u64 map, const u8 *key);
s64 do_rex_map_next_key(u64 map, const u8 *key, u8 *out);
s64 do_rex_map_read_cpu(u64 map, const u8 *key, u32 cpu, u8 *out);
s64 do_rex_map_push(u64 map, const u8 *value, u64 flags);
s64 do_rex_map_pop(u64 map, u8 *out);
s64 do_rex_map_peek(u64 map, u8 *out);
s64 do_rex_map_contains(u64 map, const u8 *value);
u8 *do_rex_ringbuf_reserve(u64 map, u64 size, u64 flags);
void do_rex_ringbuf_submit(u8 *record, u64 flags);
void do_rex_ringbuf_discard(u8 *record, u64 flags);
s64 do_rex_ringbuf_output(u64 map, const u8 *data, u64 len, u64 flags);
u64 do_rex_ringbuf_query(u64 map, u64 what);
s64 do_rex_probe_read_kernel(u8 *to, u32 size, const u8 *from);
s64 do_rex_probe_read_kernel_str(u8 *to, u32 size, const u8 *from);
s64 do_rex_probe_read_user(u8 *to, u32 size, const u8 *from);
s64 do_rex_probe_read_user_str(u8 *to, u32 size, const u8 *from);
const u8 *do_rex_record(u32 *len);
u64 do_rex_uid_gid(void);
u64 do_rex_cgroup_id(void);
s64 do_rex_send_signal(u32 signal, u32 thread);
s64 do_rex_override_return(struct pt_regs *regs, u64 rc);
void do_rex_spin_lock(u32 *word);
void do_rex_spin_unlock(u32 *word);
s64 do_rex_stack_id(const void *context, u64 map, u64 flags);
s64 do_rex_perf_read_value(const void *context, struct rex_perf_value *out, u32 size);
s64 do_rex_perf_output(const void *context, u64 map, u64 flags, const u8 *data, u64 len);

#endif
