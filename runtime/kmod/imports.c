// SPDX-License-Identifier: GPL-2.0-only
/* The functions an image may call; nothing else of the kernel is reachable by name. */

#include <linux/string.h>

#include "imports.h"
#include "rex.h"

/* Only their addresses are taken here. */
#define DECLARE(name) extern const char entry_of_##name[] asm(#name);
REX_HELPERS(DECLARE)
REX_COMPILER_CALLS(DECLARE)

#define PROVIDED(import) { .name = #import, .address = (unsigned long)entry_of_##import },

static const struct rex_import imports[] = {
	REX_HELPERS(PROVIDED)
	REX_COMPILER_CALLS(PROVIDED)
	{ .name = "__x86_return_thunk", .thunk = true },
	{ .name = "__x86_indirect_thunk_r11", .thunk = true },
};

const struct rex_import *rex_import_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(imports); i++)
		if (!strcmp(imports[i].name, name))
			return &imports[i];
	return NULL;
}
