// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map operations on the kernel's own maps. At NMI level only arrays and preallocated hash
 * maps are used, as the others take locks or memory.
 */

#include <linux/bpf.h>

#include "helpers.h"

#define NO_PREALLOC 1

static bool is_hash(const struct rex_map *map)
{
	switch (map->kind) {
	case REX_MAP_HASH: case REX_MAP_PERCPU_HASH:
	case REX_MAP_LRU_HASH: case REX_MAP_LRU_PERCPU_HASH:
		return true;
	}
	return false;
}

static bool has_keys(const struct rex_map *map)
{
	return is_hash(map) || map->kind == REX_MAP_ARRAY || map->kind == REX_MAP_PERCPU_ARRAY ||
	       map->kind == REX_MAP_LPM_TRIE;
}

static bool per_cpu_values(const struct rex_map *map)
{
	return map->kind == REX_MAP_PERCPU_ARRAY || map->kind == REX_MAP_PERCPU_HASH ||
	       map->kind == REX_MAP_LRU_PERCPU_HASH;
}

static bool busy(const struct rex_map *map)
{
	if (!in_nmi())
		return false;
	if (map->kind == REX_MAP_ARRAY || map->kind == REX_MAP_PERCPU_ARRAY)
		return false;
	return !((map->kind == REX_MAP_HASH || map->kind == REX_MAP_PERCPU_HASH) &&
		 !(map->flags & NO_PREALLOC));
}

u8 *do_rex_map_lookup(u64 handle, const u8 *key)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || !has_keys(map) || busy(map))
		return NULL;
	return map->map->ops->map_lookup_elem(map->map, (void *)key);
}

s64 do_rex_map_update(u64 handle, const u8 *key, const u8 *value, u64 flags)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || !has_keys(map))
		return -EINVAL;
	if (busy(map))
		return -EBUSY;
	return map->map->ops->map_update_elem(map->map, (void *)key, (void *)value, flags);
}

s64 do_rex_map_delete(u64 handle, const u8 *key)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || !has_keys(map))
		return -EINVAL;
	if (busy(map))
		return -EBUSY;
	return map->map->ops->map_delete_elem(map->map, (void *)key);
}

s64 do_rex_map_next_key(u64 handle, const u8 *key, u8 *out)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || !has_keys(map))
		return -EINVAL;
	/* A walk through a trie allocates. */
	if (busy(map) || (map->kind == REX_MAP_LPM_TRIE && irqs_disabled()))
		return -EBUSY;
	return map->map->ops->map_get_next_key(map->map, (void *)key, out);
}

s64 do_rex_map_read_cpu(u64 handle, const u8 *key, u32 cpu, u8 *out)
{
	struct rex_map *map = rex_map_of(handle);
	const void *value = NULL;

	if (!map || !per_cpu_values(map) || cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return -EINVAL;
	if (busy(map))
		return -EBUSY;
	if (map->map->ops->map_lookup_percpu_elem)
		value = map->map->ops->map_lookup_percpu_elem(map->map, (void *)key, cpu);
	if (!value)
		return -ENOENT;
	memcpy(out, value, map->value_size);
	return 0;
}

s64 do_rex_map_push(u64 handle, const u8 *value, u64 flags)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || (map->kind != REX_MAP_QUEUE && map->kind != REX_MAP_STACK &&
		     map->kind != REX_MAP_BLOOM_FILTER))
		return -EINVAL;
	if (busy(map))
		return -EBUSY;
	return map->map->ops->map_push_elem(map->map, (void *)value, flags);
}

static s64 take(u64 handle, u8 *out, bool remove)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || (map->kind != REX_MAP_QUEUE && map->kind != REX_MAP_STACK))
		return -EINVAL;
	if (busy(map))
		return -EBUSY;
	return remove ? map->map->ops->map_pop_elem(map->map, out) :
			map->map->ops->map_peek_elem(map->map, out);
}

s64 do_rex_map_pop(u64 handle, u8 *out)
{
	return take(handle, out, true);
}

s64 do_rex_map_peek(u64 handle, u8 *out)
{
	return take(handle, out, false);
}

s64 do_rex_map_contains(u64 handle, const u8 *value)
{
	struct rex_map *map = rex_map_of(handle);

	if (!map || map->kind != REX_MAP_BLOOM_FILTER)
		return -EINVAL;
	return busy(map) ? -EBUSY : map->map->ops->map_peek_elem(map->map, (void *)value);
}
