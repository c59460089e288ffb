/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between a Rex image and the targets that load it.
 *
 * Mirror of the Rust crate rex_abi, where every field and number is explained. A test
 * compiles this header and compares each size, offset and constant.
 */
#ifndef REX_ABI_H
#define REX_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

#define REX_ABI_VERSION 1

#define REX_PROG_KPROBE 1
#define REX_PROG_UPROBE 2
#define REX_PROG_TRACEPOINT 3
#define REX_PROG_PERF_EVENT 4
#define REX_PROG_XDP 5
#define REX_PROG_TC 6
#define REX_PROG_KRETPROBE 7
#define REX_PROG_URETPROBE 8

#define REX_PROGRAM_NAME_LEN 64
#define REX_PROGRAM_ATTACH_LEN 128
#define REX_PROGRAM_LAYOUT_LEN 64
#define REX_PANIC_BUFFER_LEN 512
#define REX_TRACE_MAX 1024
#define REX_FRAME_MAX 4096
#define REX_STACK_BUDGET 16384
#define REX_STACK_SLACK 4096
#define REX_RESOURCE_SLOTS 64

#define REX_MAP_HASH 1
#define REX_MAP_ARRAY 2
#define REX_MAP_PERF_EVENT_ARRAY 4
#define REX_MAP_PERCPU_HASH 5
#define REX_MAP_PERCPU_ARRAY 6
#define REX_MAP_STACK_TRACE 7
#define REX_MAP_LRU_HASH 9
#define REX_MAP_LRU_PERCPU_HASH 10
#define REX_MAP_LPM_TRIE 11
#define REX_MAP_QUEUE 22
#define REX_MAP_STACK 23
#define REX_MAP_RINGBUF 27
#define REX_MAP_BLOOM_FILTER 30

#define REX_ANY 0
#define REX_NOEXIST 1
#define REX_EXIST 2

/* A map in section .maps; the loader fills bytes 24 to 64. */
struct rex_map_slot {
	uint32_t map_type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	uint32_t _pad;
	uint64_t handle;
	uint64_t base;
	uint64_t stride;
	uint32_t count;
	uint32_t _r;
	uint64_t _r2;
};

/* A program in section .rex.progs; never loaded. */
struct rex_program {
	uint32_t version;
	uint32_t prog_type;
	uint64_t entry;
	uint8_t name[REX_PROGRAM_NAME_LEN];
	uint8_t attach[REX_PROGRAM_ATTACH_LEN];
	uint8_t layout[REX_PROGRAM_LAYOUT_LEN];
	uint32_t fields;
	uint32_t default_verdict;
};

/* struct pt_regs of x86-64. */
struct rex_pt_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, eflags, rsp, ss;
};

struct rex_xdp_ctx {
	uint64_t data;
	uint64_t data_end;
	uint64_t data_meta;
	uint64_t handle;
	uint32_t ingress_ifindex;
	uint32_t rx_queue_index;
	uint32_t egress_ifindex;
	uint32_t _pad;
};

struct rex_skb_ctx {
	uint64_t data;
	uint64_t data_end;
	uint64_t data_meta;
	uint64_t handle;
	uint32_t len;
	uint32_t data_len;
	uint16_t protocol;
	uint16_t vlan_proto;
	uint16_t vlan_tci;
	uint16_t queue_mapping;
	uint32_t priority;
	uint32_t ifindex;
	uint32_t ingress_ifindex;
	uint32_t hash;
	uint32_t mark;
	uint32_t pkt_type;
	uint32_t vlan_present;
	uint32_t tc_classid;
	uint32_t napi_id;
	uint16_t tc_index;
	uint16_t _pad;
	uint8_t cb[20];
	uint32_t _pad2;
};

struct rex_perf_ctx {
	struct rex_pt_regs regs;
	uint64_t sample_period;
	uint64_t addr;
	uint64_t handle;
};

struct rex_perf_value {
	uint64_t counter;
	uint64_t enabled;
	uint64_t running;
};

/* The container NAME.rex; see container.rs for the rules. All little endian. */
#define REX_IMAGE_MAGIC "REXIMG\0\x01"
#define REX_IMAGE_VERSION 1
#define REX_SIGNATURE_MAGIC "REXSIG\0\x01"
#define REX_LINK_BASE 0x10000
#define REX_IMPORT_BASE 0x4000000
#define REX_IMPORT_STRIDE 16
#define REX_PAGE 4096
#define REX_DIGEST_LEN 32
#define REX_NONE 0xffffffff

#define REX_SECTION_SEGMENTS 1
#define REX_SECTION_FIXUPS 2
#define REX_SECTION_PATCH_SITES 3
#define REX_SECTION_IMPORTS 4
#define REX_SECTION_PROGRAMS 5
#define REX_SECTION_CONTEXTS 6
#define REX_SECTION_FIELDS 7
#define REX_SECTION_MAPS 8
#define REX_SECTION_SPANS 9
#define REX_SECTION_VALUES 10
#define REX_SECTION_FUNCTIONS 11
#define REX_SECTION_RANGES 12
#define REX_SECTION_FRAMES 13
#define REX_SECTION_RECORD 14
#define REX_SECTION_LICENCE 15
#define REX_SECTION_BYTES 16
#define REX_SECTION_STRINGS 17
#define REX_SECTION_COUNT 17

#define REX_SEGMENT_TEXT 1
#define REX_SEGMENT_RODATA 2
#define REX_SEGMENT_MAPS 3
#define REX_SEGMENT_DATA 4
#define REX_SEGMENT_BSS 5

#define REX_FIXUP_ABS64 1
#define REX_FIXUP_ABS32S 2
#define REX_FIXUP_PC32 3
#define REX_TARGET_IMAGE 1
#define REX_TARGET_IMPORT 2

#define REX_PATCH_ENTRY_NOP5 1
#define REX_PATCH_RETURN 2
#define REX_PATCH_INDIRECT_CALL 3
#define REX_PATCH_INDIRECT_JUMP 4

#define REX_FUNCTION_CHECKED 1
#define REX_FUNCTION_ADDRESS_TAKEN 2
#define REX_FIELD_SIGNED 1
#define REX_FIELD_DATA_LOC 2
#define REX_SPAN_KEY_PADDING 1
#define REX_SPAN_KEY_ENUM 2
#define REX_SPAN_VALUE_PADDING 3
#define REX_SPAN_VALUE_ENUM 4

struct rex_img_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t section_count;
	uint64_t link_base;
	uint64_t digest_offset;
};

struct rex_img_section {
	uint32_t kind;
	uint32_t record_size;
	uint64_t offset;
	uint64_t length;
};

struct rex_img_string {
	uint32_t offset;
	uint32_t length;
};

struct rex_img_segment {
	uint32_t kind;
	uint32_t reserved;
	uint64_t address;
	uint64_t memory_len;
	uint64_t offset;
	uint64_t length;
};

struct rex_img_fixup {
	uint64_t place;
	uint64_t value;
	int64_t addend;
	uint32_t kind;
	uint32_t target;
};

struct rex_img_patch_site {
	uint64_t address;
	uint32_t kind;
	uint8_t old[5];
	uint8_t reserved[7];
};

struct rex_img_program {
	struct rex_img_string name;
	struct rex_img_string attach;
	struct rex_img_string file;
	uint32_t line;
	uint32_t column;
	uint32_t kind;
	uint32_t context;
	uint64_t entry;
	uint32_t default_verdict;
	uint32_t reserved;
};

struct rex_img_context {
	struct rex_img_string name;
	uint32_t size;
	uint32_t first_field;
	uint32_t field_count;
	uint32_t reserved;
};

struct rex_img_field {
	struct rex_img_string name;
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint32_t reserved;
};

struct rex_img_map {
	struct rex_img_string name;
	uint32_t kind;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
	uint32_t span_count;
	uint32_t first_span;
	uint32_t reserved;
	uint64_t slot;
};

struct rex_img_span {
	uint32_t kind;
	uint32_t offset;
	uint32_t length;
	uint32_t first_value;
	uint32_t value_count;
	uint32_t reserved;
};

struct rex_img_function {
	uint64_t address;
	uint64_t size;
	struct rex_img_string name;
	uint32_t frame;
	uint32_t flags;
	uint32_t chain_after;
	uint32_t reserved;
};

struct rex_img_range {
	uint32_t start;
	uint32_t frame;
};

struct rex_img_frame {
	struct rex_img_string function;
	struct rex_img_string file;
	uint32_t line;
	uint32_t column;
	uint32_t caller;
	uint32_t reserved;
};

#ifndef REX_ABI_NO_PROTOTYPES
/* Imports: generated by rex-abi-generate, do not edit. */
/* Writes one trace message. */
int64_t rex_trace(const uint8_t *msg, size_t len);
/* Announces a panic at a source position; gives this invocation's 512-byte message buffer. */
uint8_t *rex_panic_begin(const uint8_t *file, size_t file_len, uint32_t line, uint32_t col);
/* Ends the invocation; the first `len` bytes of the buffer are the message. */
_Noreturn void rex_panic_end(size_t len);
/* This CPU. */
uint32_t rex_cpu(void);
/* This CPU's memory node. */
int32_t rex_numa_node(void);
/* Monotonic time in nanoseconds. */
uint64_t rex_ktime_ns(void);
/* Time since boot, suspend included, in nanoseconds. */
uint64_t rex_ktime_boot_ns(void);
/* Monotonic time of the last tick in nanoseconds. */
uint64_t rex_ktime_coarse_ns(void);
/* Ticks since boot. */
uint64_t rex_jiffies64(void);
/* A pseudo-random number. */
uint32_t rex_random_u32(void);
/* The current task, 0 if there is none. */
uint64_t rex_task_current(void);
/* A task's thread id. */
int32_t rex_task_pid(uint64_t task);
/* A task's process id. */
int32_t rex_task_tgid(uint64_t task);
/* A task's time in user mode in nanoseconds. */
uint64_t rex_task_utime(uint64_t task);
/* Copies a task's name, NUL padded. */
int64_t rex_task_comm(uint64_t task, uint8_t (*out)[16]);
/* A task's user registers, null if it has none. */
const struct rex_pt_regs *rex_task_regs(uint64_t task);
/* Takes a reference to a task by thread id, 0 if there is none. */
uint64_t rex_task_from_pid(int32_t pid);
/* Gives a task's reference back. */
void rex_task_put(uint64_t task);
/* Address of a value, null if the key is not there. */
uint8_t *rex_map_lookup(uint64_t map, const uint8_t *key);
/* Creates or replaces an entry. */
int64_t rex_map_update(uint64_t map, const uint8_t *key, const uint8_t *value, uint64_t flags);
/* Deletes an entry. */
int64_t rex_map_delete(uint64_t map, const uint8_t *key);
/* Copies the key after `key`; the first one if it is null or not there. */
int64_t rex_map_next_key(uint64_t map, const uint8_t *key, uint8_t *out);
/* Copies a CPU's value. */
int64_t rex_map_read_cpu(uint64_t map, const uint8_t *key, uint32_t cpu, uint8_t *out);
/* Pushes to a queue or stack. */
int64_t rex_map_push(uint64_t map, const uint8_t *value, uint64_t flags);
/* Takes a value from a queue or stack. */
int64_t rex_map_pop(uint64_t map, uint8_t *out);
/* Copies the next value of a queue or stack. */
int64_t rex_map_peek(uint64_t map, uint8_t *out);
/* Looks for a value in a bloom filter. */
int64_t rex_map_contains(uint64_t map, const uint8_t *value);
/* Reserves a record, null if there is no room. */
uint8_t *rex_ringbuf_reserve(uint64_t map, uint64_t size, uint64_t flags);
/* Publishes a reserved record. */
void rex_ringbuf_submit(uint8_t *record, uint64_t flags);
/* Gives a reserved record up. */
void rex_ringbuf_discard(uint8_t *record, uint64_t flags);
/* Copies a record into a ring buffer. */
int64_t rex_ringbuf_output(uint64_t map, const uint8_t *data, uint64_t len, uint64_t flags);
/* Reads a number about a ring buffer (`BPF_RB_*`). */
uint64_t rex_ringbuf_query(uint64_t map, uint64_t what);
/* Reads kernel memory that may not be there. */
int64_t rex_probe_read_kernel(uint8_t *dst, uint32_t size, const uint8_t *src);
/* Reads a string of kernel memory; gives its bytes with the NUL. */
int64_t rex_probe_read_kernel_str(uint8_t *dst, uint32_t size, const uint8_t *src);
/* Reads memory of the current process that may not be there. */
int64_t rex_probe_read_user(uint8_t *dst, uint32_t size, const uint8_t *src);
/* Reads a string of the current process; gives its bytes with the NUL. */
int64_t rex_probe_read_user_str(uint8_t *dst, uint32_t size, const uint8_t *src);
/* This invocation's tracepoint record and its bytes in all; null elsewhere. */
const uint8_t *rex_record(uint32_t *len);
/* User id in the low and group id in the high half of the current process; all ones without one. */
uint64_t rex_uid_gid(void);
/* Id of the current process's cgroup of version 2; 0 if it has none. */
uint64_t rex_cgroup_id(void);
/* Sends a signal to the current process, or to its thread alone. */
int64_t rex_send_signal(uint32_t signal, uint32_t thread);
/* Makes the probed function return `rc` at once. */
int64_t rex_override_return(struct rex_pt_regs *regs, uint64_t rc);
/* Grows or shrinks a packet at its end. */
int64_t rex_xdp_adjust_tail(struct rex_xdp_ctx *ctx, int32_t delta);
/* Moves the start of a packet and its metadata. */
int64_t rex_xdp_adjust_head(struct rex_xdp_ctx *ctx, int32_t delta);
/* Moves the start of a packet's metadata. */
int64_t rex_xdp_adjust_meta(struct rex_xdp_ctx *ctx, int32_t delta);
/* Copies bytes out of a packet. */
int64_t rex_xdp_load_bytes(struct rex_xdp_ctx *ctx, uint32_t offset, uint8_t *to, uint32_t len);
/* Copies bytes into a packet. */
int64_t rex_xdp_store_bytes(struct rex_xdp_ctx *ctx, uint32_t offset, const uint8_t *from, uint32_t len);
/* Notes where the packet goes and gives the verdict that sends it there. */
uint32_t rex_redirect(uint32_t ifindex, uint64_t flags);
/* Copies bytes out of a packet; zeros if it fails. */
int64_t rex_skb_load_bytes(struct rex_skb_ctx *ctx, uint32_t offset, uint8_t *to, uint32_t len);
/* Copies bytes into a packet. */
int64_t rex_skb_store_bytes(struct rex_skb_ctx *ctx, uint32_t offset, const uint8_t *from, uint32_t len, uint64_t flags);
/* Changes a network checksum in a packet as a field of it changed. */
int64_t rex_l3_csum_replace(struct rex_skb_ctx *ctx, uint32_t offset, uint64_t from, uint64_t to, uint64_t flags);
/* Changes a transport checksum in a packet as a field of it changed. */
int64_t rex_l4_csum_replace(struct rex_skb_ctx *ctx, uint32_t offset, uint64_t from, uint64_t to, uint64_t flags);
/* Makes the first bytes of a packet linear. */
int64_t rex_skb_pull_data(struct rex_skb_ctx *ctx, uint32_t len);
/* Changes the length of a packet at its end. */
int64_t rex_skb_change_tail(struct rex_skb_ctx *ctx, uint32_t len, uint64_t flags);
/* Takes a lock; taking one this invocation holds is a panic. */
void rex_spin_lock(uint32_t *lock);
/* Releases a lock. */
void rex_spin_unlock(uint32_t *lock);
/* Stores the current stack and gives its id. */
int64_t rex_stack_id(const void *ctx, uint64_t map, uint64_t flags);
/* Reads the counter of the sampled event. */
int64_t rex_perf_read_value(const struct rex_perf_ctx *ctx, struct rex_perf_value *out, uint32_t size);
/* Sends a record to a perf event array. */
int64_t rex_perf_output(const void *ctx, uint64_t map, uint64_t flags, const uint8_t *data, uint64_t len);
/* Sends a copy of a packet through an interface. */
int64_t rex_clone_redirect(struct rex_skb_ctx *ctx, uint32_t ifindex, uint64_t flags);
/* Stands for a return. */
void __x86_return_thunk(void);
/* Stands for a call or jump to the address in r11. */
void __x86_indirect_thunk_r11(void);
/* End of imports. */
#endif

#endif
