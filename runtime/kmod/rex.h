/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of rex.ko share. */
#ifndef REX_H
#define REX_H

#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "rex_abi.h"
#include "rex_ioctl.h"

#define REX_LEVELS 4
#define REX_PANIC_ROOM 8192
/* Bytes at the top of a stack that the dispatcher keeps for itself. */
#define REX_KEPT 16

/* What the interrupted code is doing, as the watchdog sees it. */
enum rex_phase { REX_OFF, REX_EXTENSION, REX_HELPER, REX_KILL };

/* Text for the person who asked; written once, by the first failure. */
struct rex_problem {
	char text[256];
};

int __printf(3, 4) rex_fail(struct rex_problem *problem, int error, const char *format, ...);

/* --- images --------------------------------------------------------------------- */

struct rex_map {
	struct bpf_map *map;
	u32 kind, key_size, value_size, max_entries, flags;
	u64 slot;
};

struct rex_image;

struct rex_program_state {
	struct rex_image *image;
	u32 index, kind, context_size;
	u64 entry;		/* run-time address */
	u32 default_verdict;
	bool dead;
	bool may_override;
	u64 __percpu *runs;
	u64 __percpu *misses;
	struct irq_work stopped;
	struct work_struct detach;
	char name[REX_PROGRAM_NAME_LEN];
	char attach[REX_PROGRAM_ATTACH_LEN];
};

struct rex_events {
	raw_spinlock_t lock;
	u8 *ring;
	u32 head, tail;		/* free running */
	u64 lost;
	wait_queue_head_t wait;
	struct irq_work wake;
};

struct rex_image {
	struct kref refs;
	struct mutex lock;	/* of links */
	struct list_head links;
	bool closed;
	u8 *memory;
	size_t memory_len;
	unsigned long text, text_end;	/* of the image's own code */
	unsigned long stubs, stubs_end;
	size_t text_at, text_len, read_only_at, read_only_len;
	u64 bias;		/* run-time less link address */
	u32 program_count, map_count;
	struct rex_program_state *programs;
	struct rex_map *maps;
	struct rex_events events;
};

/* A container that was checked, and where its records are. */
struct rex_container {
	const u8 *file;
	size_t len;
	const void *section[REX_SECTION_COUNT + 1];
	u32 count[REX_SECTION_COUNT + 1];
	const struct rex_img_segment *text;
	u64 end;		/* link address after the last segment */
};

int rex_container_check(struct rex_container *c, const u8 *file, size_t len,
			struct rex_problem *problem);
const struct rex_img_function *rex_container_function(const struct rex_container *c, u64 address);
bool rex_container_string(const struct rex_container *c, struct rex_img_string string,
			  char *to, size_t room);

struct rex_image *rex_image_load(const u8 *file, size_t len, const s32 *map_fds, u32 map_count,
				 struct rex_problem *problem);
int rex_imports_check(const struct rex_container *c, struct rex_problem *problem);
int rex_place(struct rex_image *image, const struct rex_container *c, struct rex_problem *problem);
void rex_unplace(struct rex_image *image);
void rex_image_get(struct rex_image *image);
void rex_image_put(struct rex_image *image);

static inline bool rex_in_code(const struct rex_image *image, unsigned long ip)
{
	return (ip >= image->text && ip < image->text_end) ||
	       (ip >= image->stubs && ip < image->stubs_end);
}

/* Address and kind of an import; 0 if this target does not provide it. */
struct rex_import {
	const char *name;
	unsigned long address;
	bool thunk;
};
const struct rex_import *rex_import_find(const char *name);

/* --- invocations ---------------------------------------------------------------- */

struct rex_resource {
	u32 kind;
	u32 reserved;
	unsigned long what;
	unsigned long at;	/* run-time address behind the acquiring call */
};

/* What surrounds one run. */
struct rex_environment {
	struct pt_regs *regs;
	const void *record;
	u32 record_len;
	struct perf_event *event;
	bool may_override;
};

/* A CPU's level: a stack and the one run that may be on it. */
struct rex_level {
	u8 *stack;
	unsigned long bottom, top;
	u32 number;
	bool active;
	u64 seq;		/* of runs; what a watcher sees not changing is late */
	struct rex_program_state *program;
	struct rex_environment environment;
	struct rex_stop_report report;	/* of the stop, or of the panic under way */
	bool panicking;
	bool overridden;
	u64 override;
	u32 held, locks;
	bool irqs_saved;
	unsigned long irq_flags;
	struct rex_resource resources[REX_RESOURCE_SLOTS];
};

/* What a run gave. */
struct rex_result {
	u64 verdict;
	bool overridden;
	u64 override;
};

DECLARE_PER_CPU(struct rex_level *, rex_current);
DECLARE_PER_CPU(u32, rex_phase);
DECLARE_PER_CPU(unsigned long, rex_stack_limit);
/* Stack and frame pointer at the last call of a helper. */
DECLARE_PER_CPU(unsigned long, rex_call_sp);
DECLARE_PER_CPU(unsigned long, rex_call_bp);

int rex_levels_init(void);
void rex_levels_exit(void);
struct rex_level *rex_level_of(unsigned int cpu, unsigned int number);
/* The level of the running context on this CPU. */
unsigned int rex_level_now(void);
void rex_watchdog_cpu(unsigned int cpu, bool online);
/* Address in the image's own terms; 0 outside of its text. */
u64 rex_link_address(const struct rex_image *image, unsigned long address);

/* Runs a program; false if it was refused, which is counted. */
bool rex_run(struct rex_program_state *program, void *context,
	     const struct rex_environment *environment, struct rex_result *result);

u64 rex_dispatch(void *context, unsigned long entry, unsigned long top);
void rex_land(unsigned long top);	/* does not return */
void rex_landing_pad(void);
void rex_just_return(void);
void rex_stack_check(void);
void rex_stack_overflow_entry(void);
void rex_indirect_overflow_entry(void);
void rex_bad_target_entry(void);

/* Does not return; objtool is told so where it is called. */
void rex_end_in_helper(u32 reason, u64 detail);
#define rex_stop_in_helper(reason, detail)			\
	do {							\
		rex_end_in_helper(reason, detail);		\
		unreachable();					\
	} while (0)
bool rex_redirect(struct pt_regs *regs, u32 reason, u64 detail);
unsigned long rex_called_from(void);
void rex_backtrace(struct rex_level *level, unsigned long first, unsigned long second,
		   unsigned long frame);

struct rex_resource *rex_resource_find(struct rex_level *level, u32 kind, unsigned long what);
void rex_resource_add(struct rex_level *level, u32 kind, unsigned long what);
void rex_resource_remove(struct rex_level *level, struct rex_resource *resource);
void rex_resources_release(struct rex_level *level);
void rex_lock_release(struct rex_level *level, u32 *word);

/* --- events --------------------------------------------------------------------- */

int rex_events_init(struct rex_events *events);
void rex_events_free(struct rex_events *events);
void rex_event_push(struct rex_level *level, u32 kind, const void *payload, u32 len);
ssize_t rex_events_read(struct rex_events *events, char __user *to, size_t len, bool wait);
bool rex_events_ready(struct rex_events *events);

/* --- attachments ---------------------------------------------------------------- */

struct rex_link {
	struct list_head list;	/* under the image's lock */
	struct rex_program_state *program;
	bool attached;
	int (*hook)(struct rex_link *link, const struct rex_attach *how,
		    struct rex_problem *problem);
	void (*unhook)(struct rex_link *link);
};

struct rex_link *rex_link_new(struct rex_image *image, const struct rex_attach *how,
			      struct rex_problem *problem);
void rex_link_free(struct rex_link *link);
void rex_links_detach(struct rex_image *image, struct rex_program_state *program);
struct rex_link *rex_kprobe_link(void);
struct rex_link *rex_kretprobe_link(void);
struct rex_link *rex_perf_link(void);

int rex_watchdog_init(void);
void rex_watchdog_exit(void);
void rex_watchdog_get(void);
void rex_watchdog_put(void);
int rex_fault_init(void);
void rex_fault_exit(void);

/* --- the kernel ----------------------------------------------------------------- */

typedef u64 (*rex_bpf_helper)(u64, u64, u64, u64, u64);

/* What is not exported, by its name in kallsyms. */
struct rex_kernel {
	void *(*bpf_jit_alloc_exec)(unsigned long size);
	void (*bpf_jit_free_exec)(void *address);
	int (*set_memory_ro)(unsigned long address, int pages);
	int (*set_memory_rw)(unsigned long address, int pages);
	int (*set_memory_x)(unsigned long address, int pages);
	int (*set_memory_nx)(unsigned long address, int pages);
	struct bpf_map *(*bpf_map_get)(u32 fd);
	int (*perf_event_read_local)(struct perf_event *event, u64 *value, u64 *enabled,
				     u64 *running);
	int *modules_disabled;
	int __percpu *bpf_prog_active;
	rex_bpf_helper ringbuf_reserve, ringbuf_submit, ringbuf_discard;
	rex_bpf_helper ringbuf_output, ringbuf_query;
	rex_bpf_helper get_stackid, perf_event_output;
	rex_bpf_helper probe_read_kernel, probe_read_kernel_str;
	rex_bpf_helper probe_read_user, probe_read_user_str;
	rex_bpf_helper send_signal, send_signal_thread, current_cgroup_id;
	unsigned long return_thunk;	/* 0 if returns need none */
};

extern struct rex_kernel rex_kernel;
int rex_compat_init(void);
void rex_send_nmi(unsigned int cpu);
/* Rewrites where an NMI returns to; false if its frame is not as expected. */
bool rex_nmi_frame_follow(struct pt_regs *before, struct pt_regs *after);
bool rex_may_inject(const char *symbol);

#endif
