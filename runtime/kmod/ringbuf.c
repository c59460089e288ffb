// SPDX-License-Identifier: GPL-2.0-only
/* Ring buffers. Only a registered reservation can be submitted or given up. */

#include "helpers.h"

static struct rex_map *ring(u64 handle)
{
	struct rex_map *map = rex_map_of(handle);

	return map && map->kind == REX_MAP_RINGBUF ? map : NULL;
}

u8 *do_rex_ringbuf_reserve(u64 handle, u64 size, u64 flags)
{
	struct rex_level *level = rex_level();
	struct rex_map *map = ring(handle);
	unsigned long record;

	if (!map)
		return NULL;
	rex_need_slot(level);
	record = rex_kernel.ringbuf_reserve((u64)map->map, size, flags, 0, 0);
	if (record)
		rex_resource_add(level, REX_RESOURCE_RECORD, record);
	return (u8 *)record;
}

static void commit(u8 *record, rex_bpf_helper how, u64 flags)
{
	struct rex_level *level = rex_level();
	struct rex_resource *held;

	held = rex_resource_find(level, REX_RESOURCE_RECORD, (unsigned long)record);
	if (!held)
		return;
	how((u64)record, flags, 0, 0, 0);
	rex_resource_remove(level, held);
}

void do_rex_ringbuf_submit(u8 *record, u64 flags)
{
	commit(record, rex_kernel.ringbuf_submit, flags);
}

void do_rex_ringbuf_discard(u8 *record, u64 flags)
{
	commit(record, rex_kernel.ringbuf_discard, flags);
}

s64 do_rex_ringbuf_output(u64 handle, const u8 *data, u64 len, u64 flags)
{
	struct rex_map *map = ring(handle);

	if (!map)
		return -EINVAL;
	return rex_kernel.ringbuf_output((u64)map->map, (u64)data, len, flags, 0);
}

u64 do_rex_ringbuf_query(u64 handle, u64 what)
{
	struct rex_map *map = ring(handle);

	return map ? rex_kernel.ringbuf_query((u64)map->map, what, 0, 0, 0) : 0;
}
