// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks a container NAME.rex: everything a record says about places and sizes is held
 * against the file before anything is made from it. runtime/abi/src/container.rs has the
 * format; nothing here looks at what the code does.
 */

#include <crypto/sha2.h>
#include <linux/string.h>

#include "rex.h"

static const u32 record_sizes[REX_SECTION_COUNT + 1] = {
	[REX_SECTION_SEGMENTS] = sizeof(struct rex_img_segment),
	[REX_SECTION_FIXUPS] = sizeof(struct rex_img_fixup),
	[REX_SECTION_PATCH_SITES] = sizeof(struct rex_img_patch_site),
	[REX_SECTION_IMPORTS] = sizeof(struct rex_img_string),
	[REX_SECTION_PROGRAMS] = sizeof(struct rex_img_program),
	[REX_SECTION_CONTEXTS] = sizeof(struct rex_img_context),
	[REX_SECTION_FIELDS] = sizeof(struct rex_img_field),
	[REX_SECTION_MAPS] = sizeof(struct rex_img_map),
	[REX_SECTION_SPANS] = sizeof(struct rex_img_span),
	[REX_SECTION_VALUES] = sizeof(u64),
	[REX_SECTION_FUNCTIONS] = sizeof(struct rex_img_function),
	[REX_SECTION_RANGES] = sizeof(struct rex_img_range),
	[REX_SECTION_FRAMES] = sizeof(struct rex_img_frame),
	[REX_SECTION_RECORD] = 2 * sizeof(struct rex_img_string),
	[REX_SECTION_LICENCE] = sizeof(struct rex_img_string),
	[REX_SECTION_BYTES] = 1,
	[REX_SECTION_STRINGS] = 1,
};

static int check_trailer(const struct rex_container *c, u64 at, struct rex_problem *problem)
{
	u64 len = c->len - at, announced;

	if (!len)
		return 0;
	if (len > 16) {
		memcpy(&announced, c->file + at + 8, 8);
		if (!memcmp(c->file + at, REX_SIGNATURE_MAGIC, 8) && announced == len - 16)
			return 0;
	}
	return rex_fail(problem, -EBADMSG, "image: what follows the digest is not a signature");
}

static int check_frame(struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_header *header = (const void *)c->file;
	const struct rex_img_section *entry;
	u8 digest[SHA256_DIGEST_SIZE];
	u64 at, end;
	u32 kind;
	int error;

	if (c->len < sizeof(*header) || memcmp(header->magic, REX_IMAGE_MAGIC, 8))
		return rex_fail(problem, -ENOEXEC, "image: it does not start with the magic bytes REXIMG");
	if (header->version != REX_IMAGE_VERSION)
		return rex_fail(problem, -ENOEXEC, "image: it has version %u, this module reads %u",
				header->version, REX_IMAGE_VERSION);
	if (header->section_count != REX_SECTION_COUNT || header->link_base != REX_LINK_BASE)
		return rex_fail(problem, -EBADMSG, "image: header differs from the format");
	if (c->len < REX_DIGEST_LEN || header->digest_offset > c->len - REX_DIGEST_LEN)
		return rex_fail(problem, -EBADMSG, "image: it ends before its digest");
	sha256(c->file, header->digest_offset, digest);
	if (memcmp(digest, c->file + header->digest_offset, REX_DIGEST_LEN))
		return rex_fail(problem, -EBADMSG, "image: the digest differs from the contents");
	error = check_trailer(c, header->digest_offset + REX_DIGEST_LEN, problem);
	if (error)
		return error;
	at = sizeof(*header) + REX_SECTION_COUNT * sizeof(*entry);
	if (at > header->digest_offset)
		return rex_fail(problem, -EBADMSG, "image: it ends inside its directory");
	entry = (const void *)(c->file + sizeof(*header));
	for (kind = 1; kind <= REX_SECTION_COUNT; kind++, entry++) {
		if (entry->kind != kind || entry->record_size != record_sizes[kind] ||
		    entry->offset != at || entry->length > header->digest_offset - at ||
		    entry->length % record_sizes[kind] ||
		    entry->length / record_sizes[kind] >= REX_NONE)
			return rex_fail(problem, -EBADMSG, "image: directory entry %u is damaged", kind);
		c->section[kind] = c->file + at;
		c->count[kind] = entry->length / record_sizes[kind];
		end = at + entry->length;
		at = ALIGN(end, 8);
		if (at > header->digest_offset || memchr_inv(c->file + end, 0, at - end))
			return rex_fail(problem, -EBADMSG, "image: section %u has bad padding", kind);
	}
	if (at != header->digest_offset)
		return rex_fail(problem, -EBADMSG, "image: the sections do not end at the digest");
	return 0;
}

/* Whether `len` bytes at a link address are in what the file holds of a segment. */
static bool holds(const struct rex_img_segment *segment, u64 address, u64 len)
{
	return address >= segment->address && address - segment->address <= segment->length &&
	       len <= segment->length - (address - segment->address);
}

static const struct rex_img_segment *holder(const struct rex_container *c, u64 address, u64 len)
{
	const struct rex_img_segment *segment = c->section[REX_SECTION_SEGMENTS];
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_SEGMENTS]; i++, segment++)
		if (holds(segment, address, len))
			return segment;
	return NULL;
}

static int check_segments(struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_segment *segment = c->section[REX_SECTION_SEGMENTS];
	u64 free = REX_LINK_BASE;
	u32 i, seen = 0;

	for (i = 0; i < c->count[REX_SECTION_SEGMENTS]; i++, segment++) {
		if (segment->kind < REX_SEGMENT_TEXT || segment->kind > REX_SEGMENT_BSS ||
		    seen & BIT(segment->kind) || segment->reserved ||
		    segment->address % REX_PAGE || segment->address < free ||
		    segment->address >= REX_IMPORT_BASE || !segment->memory_len ||
		    segment->memory_len > REX_IMPORT_BASE - segment->address ||
		    segment->length > segment->memory_len ||
		    segment->offset > c->count[REX_SECTION_BYTES] ||
		    segment->length > c->count[REX_SECTION_BYTES] - segment->offset)
			return rex_fail(problem, -EBADMSG, "image: segment %u is damaged", i);
		if (segment->kind == REX_SEGMENT_TEXT) {
			if (segment->length != segment->memory_len)
				return rex_fail(problem, -EBADMSG, "image: text is not whole");
			c->text = segment;
		}
		seen |= BIT(segment->kind);
		free = ALIGN(segment->address + segment->memory_len, REX_PAGE);
	}
	if (!c->text)
		return rex_fail(problem, -EBADMSG, "image: it has no text");
	c->end = free;
	return 0;
}

static int check_functions(const struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_function *function = c->section[REX_SECTION_FUNCTIONS];
	u64 free = c->text->address;
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_FUNCTIONS]; i++, function++) {
		if (!function->size || function->address < free ||
		    !holds(c->text, function->address, function->size) || function->reserved ||
		    function->flags & ~(REX_FUNCTION_CHECKED | REX_FUNCTION_ADDRESS_TAKEN))
			return rex_fail(problem, -EBADMSG, "image: function %u is damaged", i);
		/* A frame beyond the guard page would be a double fault. */
		if (function->frame > REX_FRAME_MAX || function->chain_after > REX_STACK_SLACK)
			return rex_fail(problem, -E2BIG,
					"image: function %u uses %u bytes of stack, %u up to the next check",
					i, function->frame, function->chain_after);
		free = function->address + function->size;
	}
	return 0;
}

/* The function that an address lies in. */
const struct rex_img_function *rex_container_function(const struct rex_container *c, u64 address)
{
	const struct rex_img_function *functions = c->section[REX_SECTION_FUNCTIONS];
	u32 low = 0, high = c->count[REX_SECTION_FUNCTIONS];

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		const struct rex_img_function *function = &functions[middle];

		if (address < function->address)
			high = middle;
		else if (address - function->address >= function->size)
			low = middle + 1;
		else
			return function;
	}
	return NULL;
}

static bool is_entry(const struct rex_container *c, u64 address)
{
	const struct rex_img_function *function = rex_container_function(c, address);

	return function && function->address == address;
}

static int check_patch_sites(const struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_patch_site *site = c->section[REX_SECTION_PATCH_SITES];
	const u8 *text = (const u8 *)c->section[REX_SECTION_BYTES] + c->text->offset;
	u64 free = c->text->address;
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_PATCH_SITES]; i++, site++) {
		const struct rex_img_function *owner = rex_container_function(c, site->address);

		if (site->kind < REX_PATCH_ENTRY_NOP5 || site->kind > REX_PATCH_INDIRECT_JUMP ||
		    memchr_inv(site->reserved, 0, sizeof(site->reserved)) ||
		    site->address < free || !owner ||
		    site->address + 5 > owner->address + owner->size ||
		    memcmp(text + (site->address - c->text->address), site->old, 5))
			return rex_fail(problem, -EBADMSG, "image: patch site %u is damaged", i);
		free = site->address + 5;
	}
	return 0;
}

static int check_fixups(const struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_fixup *fixup = c->section[REX_SECTION_FIXUPS];
	const struct rex_img_patch_site *sites = c->section[REX_SECTION_PATCH_SITES];
	u32 i, site = 0;
	u64 free = 0;

	for (i = 0; i < c->count[REX_SECTION_FIXUPS]; i++, fixup++) {
		u64 width = fixup->kind == REX_FIXUP_ABS64 ? 8 : 4;
		const struct rex_img_segment *owner = holder(c, fixup->place, width);
		bool inside = fixup->value >= REX_LINK_BASE && fixup->value <= c->end;
		bool text = fixup->value >= c->text->address &&
			    fixup->value < c->text->address + c->text->memory_len;

		if (fixup->kind < REX_FIXUP_ABS64 || fixup->kind > REX_FIXUP_PC32 ||
		    fixup->place < free || !owner || owner->kind == REX_SEGMENT_MAPS)
			return rex_fail(problem, -EBADMSG, "image: fix-up %u is damaged", i);
		while (site < c->count[REX_SECTION_PATCH_SITES] &&
		       sites[site].address + 5 <= fixup->place)
			site++;
		if (site < c->count[REX_SECTION_PATCH_SITES] &&
		    sites[site].address < fixup->place + width)
			return rex_fail(problem, -EBADMSG, "image: fix-up %u is in a patch site", i);
		if (fixup->target == REX_TARGET_IMPORT ?
		    fixup->value >= c->count[REX_SECTION_IMPORTS] :
		    fixup->target != REX_TARGET_IMAGE || !inside ||
		    (text && (fixup->addend || !is_entry(c, fixup->value))))
			return rex_fail(problem, -EBADMSG,
					"image: fix-up %u points to no import, entry or datum", i);
		free = fixup->place + width;
	}
	return 0;
}

bool rex_container_string(const struct rex_container *c, struct rex_img_string string,
			  char *to, size_t room)
{
	u32 all = c->count[REX_SECTION_STRINGS];
	const char *from = c->section[REX_SECTION_STRINGS];

	if (string.offset > all || string.length > all - string.offset || string.length >= room ||
	    memchr(from + string.offset, 0, string.length))
		return false;
	memcpy(to, from + string.offset, string.length);
	to[string.length] = 0;
	return true;
}

static int check_programs(const struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_program *program = c->section[REX_SECTION_PROGRAMS];
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_PROGRAMS]; i++, program++)
		if (program->kind < REX_PROG_KPROBE || program->kind > REX_PROG_URETPROBE ||
		    program->reserved || !is_entry(c, program->entry) ||
		    program->context >= c->count[REX_SECTION_CONTEXTS])
			return rex_fail(problem, -EBADMSG, "image: program %u is damaged", i);
	return 0;
}

static int check_maps(const struct rex_container *c, struct rex_problem *problem)
{
	const struct rex_img_map *map = c->section[REX_SECTION_MAPS];
	u64 free = 0;
	u32 i;

	for (i = 0; i < c->count[REX_SECTION_MAPS]; i++, map++) {
		const struct rex_img_segment *owner = holder(c, map->slot, sizeof(struct rex_map_slot));
		struct rex_map_slot expected = {
			.map_type = map->kind, .key_size = map->key_size,
			.value_size = map->value_size, .max_entries = map->max_entries,
			.map_flags = map->flags,
		};

		if (!owner || owner->kind != REX_SEGMENT_MAPS || map->slot % 8 ||
		    map->slot < free || map->reserved ||
		    memcmp((const u8 *)c->section[REX_SECTION_BYTES] + owner->offset +
			   (map->slot - owner->address), &expected, sizeof(expected)))
			return rex_fail(problem, -EBADMSG, "image: map %u is damaged", i);
		free = map->slot + sizeof(expected);
	}
	return 0;
}

int rex_container_check(struct rex_container *c, const u8 *file, size_t len,
			struct rex_problem *problem)
{
	static int (*const checks[])(const struct rex_container *, struct rex_problem *) = {
		check_functions, check_patch_sites, check_fixups, check_programs, check_maps,
	};
	int error;
	u32 i;

	*c = (struct rex_container){ .file = file, .len = len };
	error = check_frame(c, problem);
	if (!error)
		error = check_segments(c, problem);
	for (i = 0; !error && i < ARRAY_SIZE(checks); i++)
		error = checks[i](c, problem);
	return error;
}
