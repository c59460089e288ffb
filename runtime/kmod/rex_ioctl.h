/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control interface of rex.ko, for the module and its one client.
 *
 * /dev/rex takes REX_IOC_LOAD, which gives an image's descriptor. That one takes
 * REX_IOC_ATTACH, which gives a link's, and REX_IOC_STATUS, and is read for events. Closing
 * a link detaches it; closing an image detaches all of its links and unloads it.
 */
#ifndef REX_IOCTL_H
#define REX_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define REX_CONTROL_VERSION 1
#define REX_TARGET_LEN 128
#define REX_TRACE_DEPTH 64

/* Why something failed, as text for a person; filled on failure if `text` is not 0. */
struct rex_reply {
	__u64 text;
	__u32 text_len;
	__u32 reserved;
};

struct rex_load {
	__u32 version;
	__u32 map_count;
	__u64 image;
	__u64 image_len;
	__u64 map_fds;		/* __s32 per map, in the image's order */
	struct rex_reply reply;
};

struct rex_attach {
	__u32 program;
	__u32 cpu;		/* perf: one CPU, or ~0 for all that are online */
	__u8 target[REX_TARGET_LEN];	/* kprobe: SYMBOL or SYMBOL+OFFSET */
	__u32 event_type;	/* perf: PERF_TYPE_*; tracepoint: PERF_TYPE_TRACEPOINT */
	__u32 reserved;
	__u64 event_config;	/* perf: config; tracepoint: its id */
	__u64 event_period;	/* perf: sample period; tracepoint: 0 */
	struct rex_reply reply;
};

struct rex_status {
	__u32 program;
	__u32 dead;
	__u64 runs;
	__u64 misses;
	__u64 events_lost;
	__u64 link_base;	/* address the image's text runs at, for nobody but its owner */
};

#define REX_IOC_LOAD _IOW(0xb7, 1, struct rex_load)
#define REX_IOC_ATTACH _IOW(0xb7, 2, struct rex_attach)
#define REX_IOC_STATUS _IOWR(0xb7, 3, struct rex_status)

/* A read gives whole events, each `size` bytes long with its payload. */
enum rex_event_kind {
	REX_EVENT_TRACE = 1,	/* payload: the message */
	REX_EVENT_STOP = 2,	/* payload: struct rex_stop_report */
	REX_EVENT_RELEASED = 3,	/* payload: struct rex_released */
};

struct rex_event {
	__u32 size;
	__u32 kind;
	__u64 t_ns;
	__u32 program;
	__s32 pid;
	__u32 cpu;
	__u32 len;		/* of the payload, without padding */
};

enum rex_stop_reason {
	REX_STOP_PANIC = 1,
	REX_STOP_PANIC_UNFORMATTED = 2,
	REX_STOP_BUDGET = 3,
	REX_STOP_STACK = 4,
	REX_STOP_FAULT = 5,		/* detail: trap number */
	REX_STOP_BAD_TARGET = 6,	/* detail: address */
	REX_STOP_LOCK_HELD = 7,
	REX_STOP_LOCK_LEVEL = 8,
	REX_STOP_NO_SLOTS = 9,
};

/* Addresses are link addresses, innermost first; 0 where one lies outside the image. */
struct rex_stop_report {
	__u32 reason;
	__u32 exact;		/* the first address is an instruction's own */
	__u64 detail;
	__u32 line, column;	/* of a panic */
	__u32 file_len, message_len, trace_len, released;
	__u64 trace[REX_TRACE_DEPTH];
	__u8 file[256];
	__u8 message[512];
};

enum rex_resource_kind {
	REX_RESOURCE_LOCK = 1,
	REX_RESOURCE_RECORD = 2,
	REX_RESOURCE_TASK = 3,
};

/* A program returned while it held something. */
struct rex_released {
	__u32 resource;
	__u32 reserved;
	__u64 at;		/* link address behind the call that acquired it */
};

#endif
