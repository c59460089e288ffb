// SPDX-License-Identifier: GPL-2.0-only
/* Helpers about the run itself, panics, time, and perf events. */

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/perf_event.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/ktime.h>
#include <linux/topology.h>

#include "helpers.h"

s64 do_rex_trace(const u8 *message, size_t len)
{
	if (len > REX_TRACE_MAX)
		return -E2BIG;
	rex_event_push(rex_level(), REX_EVENT_TRACE, message, len);
	return 0;
}

/* Notes location and call trace; a second panic meanwhile ends the run. */
u8 *do_rex_panic_begin(const u8 *file, size_t file_len, u32 line, u32 column)
{
	struct rex_level *level = rex_level();
	struct rex_stop_report *report = &level->report;

	if (level->panicking)
		rex_stop_in_helper(REX_STOP_PANIC_UNFORMATTED, 0);
	report->file_len = min_t(size_t, file_len, sizeof(report->file));
	memcpy(report->file, file, report->file_len);
	report->line = line;
	report->column = column;
	rex_backtrace(level, rex_called_from(), 0, __this_cpu_read(rex_call_bp));
	level->panicking = true;
	__this_cpu_sub(rex_stack_limit, REX_PANIC_ROOM);
	return report->message;
}

void do_rex_panic_end(size_t len)
{
	rex_stop_in_helper(REX_STOP_PANIC, min_t(size_t, len, REX_PANIC_BUFFER_LEN));
}

u32 do_rex_cpu(void)
{
	return smp_processor_id();
}

s32 do_rex_numa_node(void)
{
	return numa_node_id();
}

u64 do_rex_ktime_ns(void)
{
	return ktime_get_mono_fast_ns();
}

u64 do_rex_ktime_boot_ns(void)
{
	return ktime_get_boot_fast_ns();
}

/* ktime_get_coarse waits for a writer, which an NMI may have interrupted. */
u64 do_rex_ktime_coarse_ns(void)
{
	return in_nmi() ? ktime_get_mono_fast_ns() : ktime_get_coarse_ns();
}

u64 do_rex_jiffies64(void)
{
	return get_jiffies_64();
}

u32 do_rex_random_u32(void)
{
	/* The kernel's generator takes locks that an NMI may have interrupted. */
	if (in_nmi())
		return hash_64(ktime_get_mono_fast_ns(), 32);
	return get_random_u32();
}

const u8 *do_rex_record(u32 *len)
{
	const struct rex_environment *environment = &rex_level()->environment;

	*len = environment->record ? environment->record_len : 0;
	return environment->record;
}

s64 do_rex_override_return(struct pt_regs *regs, u64 rc)
{
	struct rex_level *level = rex_level();

	if (!level->environment.may_override)
		return -EOPNOTSUPP;
	level->overridden = true;
	level->override = rc;
	return 0;
}

s64 do_rex_stack_id(const void *context, u64 handle, u64 flags)
{
	struct rex_map *map = rex_map_of(handle);
	struct rex_level *level = rex_level();

	if (!map || map->kind != REX_MAP_STACK_TRACE || !level->environment.regs)
		return -EINVAL;
	return rex_kernel.get_stackid((u64)level->environment.regs, (u64)map->map, flags, 0, 0);
}

s64 do_rex_perf_read_value(const void *context, struct rex_perf_value *out, u32 size)
{
	struct perf_event *event = rex_level()->environment.event;
	int error;

	memset(out, 0, size);
	if (size != sizeof(*out) || !event)
		return -EINVAL;
	error = rex_kernel.perf_event_read_local(event, &out->counter, &out->enabled,
						 &out->running);
	if (error)
		memset(out, 0, size);
	return error;
}

s64 do_rex_perf_output(const void *context, u64 handle, u64 flags, const u8 *data, u64 len)
{
	struct rex_map *map = rex_map_of(handle);
	struct rex_level *level = rex_level();

	if (!map || map->kind != REX_MAP_PERF_EVENT_ARRAY || !level->environment.regs)
		return -EINVAL;
	return rex_kernel.perf_event_output((u64)level->environment.regs, (u64)map->map, flags,
					    (u64)data, len);
}
