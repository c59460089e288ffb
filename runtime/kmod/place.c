// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts an image into memory: segments, the indirect-call check, the list of its targets,
 * fix-ups, patch sites, map slots; then text becomes read-only and executable.
 */

#include <linux/bpf.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/nospec-branch.h>

#include "rex.h"

#define STUB_LEN 96

static int distance(u64 from, u64 to, s32 *out)
{
	s64 far = to - from;

	*out = far;
	return *out == far ? 0 : -ERANGE;
}

/* `opcode rel32` to a target. */
static int near(u8 *at, u8 opcode, u64 target)
{
	s32 far;
	int error = distance((u64)at + 5, target, &far);

	at[0] = opcode;
	memcpy(at + 1, &far, 4);
	return error;
}

struct code {
	u8 *at;
	int error;
};

static void emit(struct code *code, const void *bytes, size_t len)
{
	memcpy(code->at, bytes, len);
	code->at += len;
}

static void emit_address(struct code *code, u64 address)
{
	s32 low = address;

	/* Module space is reached by a sign-extended displacement. */
	if ((u64)(s64)low != address)
		code->error = -ERANGE;
	emit(code, &low, 4);
}

/* A conditional jump over a jump: the short form reaches, whatever the target. */
static void emit_jump_unless(struct code *code, u8 condition, void (*target)(void))
{
	emit(code, (u8[]){ condition, 5 }, 2);
	code->error = near(code->at, 0xe9, (u64)target) ?: code->error;
	code->at += 5;
}

/*
 * The indirect call through r11: the target must be on the list and the stack above its
 * limit. Uses rax, which carries no argument.
 */
static int write_indirect(struct rex_image *image, u8 *at, u64 bits)
{
	struct code code = { .at = at };
	u32 len = image->text_end - image->text;

	emit(&code, "\x4c\x89\xd8", 3);			/* mov r11, rax */
	emit(&code, "\x48\x2d", 2);			/* sub text, rax */
	emit_address(&code, image->text);
	emit(&code, "\x48\x3d", 2);			/* cmp len, rax */
	emit(&code, &len, 4);
	emit_jump_unless(&code, 0x72, rex_bad_target_entry);
	emit(&code, "\x48\x0f\xa3\x04\x25", 5);		/* bt rax, bits */
	emit_address(&code, bits);
	emit_jump_unless(&code, 0x72, rex_bad_target_entry);
	emit(&code, "\x65\x48\x3b\x24\x25", 5);		/* cmp gs:limit, rsp */
	emit_address(&code, (u64)&rex_stack_limit);
	emit_jump_unless(&code, 0x73, rex_indirect_overflow_entry);
	if (cpu_feature_enabled(X86_FEATURE_RETPOLINE)) {
		code.error = near(code.at, 0xe9, (u64)__x86_indirect_thunk_r11) ?: code.error;
		code.at += 5;
	} else {
		emit(&code, "\x41\xff\xe3\xcc", 4);	/* jmp r11 */
	}
	return code.at - at <= STUB_LEN ? code.error : -E2BIG;
}

static void write_targets(const struct rex_container *c, u8 *bits)
{
	const struct rex_img_function *function = c->section[REX_SECTION_FUNCTIONS];
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_FUNCTIONS]; i++, function++) {
		u64 at = function->address - c->text->address;

		if (function->flags & REX_FUNCTION_ADDRESS_TAKEN)
			bits[at / 8] |= 1 << at % 8;
	}
}

static const struct rex_import *import(const struct rex_container *c, u32 index,
				       struct rex_problem *problem)
{
	const struct rex_img_string *names = c->section[REX_SECTION_IMPORTS];
	const struct rex_import *found;
	char name[64];

	if (!rex_container_string(c, names[index], name, sizeof(name))) {
		rex_fail(problem, -EBADMSG, "image: import %u has a bad name", index);
		return NULL;
	}
	found = rex_import_find(name);
	if (!found)
		rex_fail(problem, -EACCES, "import `%s` is not provided by this target", name);
	return found;
}

/* Nothing is made for an image that wants what it cannot have. */
int rex_imports_check(const struct rex_container *c, struct rex_problem *problem)
{
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_IMPORTS]; i++)
		if (!import(c, i, problem))
			return -EACCES;
	return 0;
}

static int apply_fixups(struct rex_image *image, const struct rex_container *c,
			struct rex_problem *problem)
{
	const struct rex_img_fixup *fixup = c->section[REX_SECTION_FIXUPS];
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_FIXUPS]; i++, fixup++) {
		u64 place = fixup->place + image->bias, value;
		s32 word;
		int error = 0;

		if (fixup->target == REX_TARGET_IMPORT) {
			const struct rex_import *to = import(c, fixup->value, problem);

			if (!to)
				return -EACCES;
			value = to->address;
			/* The placeholder of a patch site is not to be reached otherwise. */
			if (to->thunk)
				return rex_fail(problem, -EBADMSG, "image: fix-up %u is to a thunk", i);
		} else {
			value = fixup->value + image->bias;
		}
		value += fixup->addend;
		switch (fixup->kind) {
		case REX_FIXUP_ABS64:
			memcpy((void *)place, &value, 8);
			continue;
		case REX_FIXUP_ABS32S:
			error = distance(0, value, &word);
			break;
		case REX_FIXUP_PC32:
			error = distance(place, value, &word);
			break;
		}
		if (error)
			return rex_fail(problem, error, "image: fix-up %u does not reach its target", i);
		memcpy((void *)place, &word, 4);
	}
	return 0;
}

static int fill_sites(struct rex_image *image, const struct rex_container *c,
		      struct rex_problem *problem)
{
	const struct rex_img_patch_site *site = c->section[REX_SECTION_PATCH_SITES];
	int error = 0;
	u32 i;

	for (i = 0; !error && i < c->count[REX_SECTION_PATCH_SITES]; i++, site++) {
		u8 *at = (u8 *)(site->address + image->bias);

		switch (site->kind) {
		case REX_PATCH_RETURN:
			if (rex_kernel.return_thunk)
				error = near(at, 0xe9, rex_kernel.return_thunk);
			else
				memcpy(at, "\xc3\xcc\xcc\xcc\xcc", 5);
			break;
		case REX_PATCH_INDIRECT_CALL:
			error = near(at, 0xe8, image->stubs);
			break;
		case REX_PATCH_INDIRECT_JUMP:
			error = near(at, 0xe9, image->stubs);
			break;
		case REX_PATCH_ENTRY_NOP5:
			if (rex_container_function(c, site->address)->flags & REX_FUNCTION_CHECKED)
				error = near(at, 0xe8, (u64)rex_stack_check);
			break;
		}
	}
	return error ? rex_fail(problem, error, "image: its memory is out of the kernel's reach") : 0;
}

/* Array fast path: base, count and stride; other kinds go through a helper. */
static void fill_slots(struct rex_image *image)
{
	u32 i, zero = 0;

	for (i = 0; i < image->map_count; i++) {
		struct rex_map *map = &image->maps[i];
		struct rex_map_slot *slot = (void *)(map->slot + image->bias);

		slot->handle = i + 1;
		if (map->kind != REX_MAP_ARRAY)
			continue;
		rcu_read_lock();
		slot->base = (u64)map->map->ops->map_lookup_elem(map->map, &zero);
		rcu_read_unlock();
		slot->stride = round_up((u64)map->value_size, 8);
		slot->count = map->max_entries;
	}
}

/* Text and stubs are one read-only, executable run of pages, or two; data stays writable. */
static int protect(struct rex_image *image, const struct rex_container *c)
{
	const struct rex_img_segment *segment = c->section[REX_SECTION_SEGMENTS];
	unsigned long address;
	int pages, error;
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_SEGMENTS]; i++, segment++) {
		if (segment->kind == REX_SEGMENT_DATA || segment->kind == REX_SEGMENT_BSS)
			continue;
		address = segment->address + image->bias;
		pages = DIV_ROUND_UP(segment->memory_len, PAGE_SIZE);
		error = rex_kernel.set_memory_ro(address, pages);
		if (!error && segment->kind == REX_SEGMENT_TEXT)
			error = rex_kernel.set_memory_x(address, pages);
		if (error)
			return error;
	}
	address = (unsigned long)image->memory + image->memory_len;
	pages = (address - image->stubs) / PAGE_SIZE;
	error = rex_kernel.set_memory_ro(image->stubs, pages);
	return error ?: rex_kernel.set_memory_x(image->stubs, 1);
}

int rex_place(struct rex_image *image, const struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_segment *segment = c->section[REX_SECTION_SEGMENTS];
	size_t own = c->end - REX_LINK_BASE;
	size_t bits_len = ALIGN(DIV_ROUND_UP(c->text->memory_len, 8) + 8, PAGE_SIZE);
	u8 *bits;
	int error;
	u32 i;

	image->memory_len = own + PAGE_SIZE + bits_len;
	image->memory = rex_kernel.bpf_jit_alloc_exec(image->memory_len);
	if (!image->memory)
		return rex_fail(problem, -ENOMEM, "there is no room for an image of %zu bytes", own);
	memset(image->memory, 0, image->memory_len);
	image->bias = (u64)image->memory - REX_LINK_BASE;
	image->text = c->text->address + image->bias;
	image->text_end = image->text + c->text->memory_len;
	image->stubs = (unsigned long)image->memory + own;
	image->stubs_end = image->stubs + STUB_LEN;
	bits = (u8 *)image->stubs + PAGE_SIZE;
	for (i = 0; i < c->count[REX_SECTION_SEGMENTS]; i++, segment++)
		memcpy((void *)(segment->address + image->bias),
		       (const u8 *)c->section[REX_SECTION_BYTES] + segment->offset,
		       segment->length);
	memset((void *)image->stubs, 0xcc, PAGE_SIZE);
	write_targets(c, bits);
	error = write_indirect(image, (u8 *)image->stubs, (u64)bits);
	if (error)
		return rex_fail(problem, error, "image: its memory is out of the kernel's reach");
	error = apply_fixups(image, c, problem);
	if (!error)
		error = fill_sites(image, c, problem);
	if (error)
		return error;
	fill_slots(image);
	error = protect(image, c);
	return error ? rex_fail(problem, error, "the image's memory cannot be protected") : 0;
}

void rex_unplace(struct rex_image *image)
{
	int pages = image->memory_len / PAGE_SIZE;

	if (!image->memory)
		return;
	rex_kernel.set_memory_nx((unsigned long)image->memory, pages);
	rex_kernel.set_memory_rw((unsigned long)image->memory, pages);
	/* A stale pointer into it is to trap. */
	memset(image->memory, 0xcc, image->memory_len);
	rex_kernel.bpf_jit_free_exec(image->memory);
	image->memory = NULL;
}
