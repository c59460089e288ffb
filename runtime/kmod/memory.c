// SPDX-License-Identifier: GPL-2.0-only
/* Reading memory that may not be there. On failure the result is zeroed, as eBPF does. */

#include "helpers.h"

s64 do_rex_probe_read_kernel(u8 *to, u32 size, const u8 *from)
{
	return rex_kernel.probe_read_kernel((u64)to, size, (u64)from, 0, 0);
}

s64 do_rex_probe_read_kernel_str(u8 *to, u32 size, const u8 *from)
{
	return rex_kernel.probe_read_kernel_str((u64)to, size, (u64)from, 0, 0);
}

s64 do_rex_probe_read_user(u8 *to, u32 size, const u8 *from)
{
	return rex_kernel.probe_read_user((u64)to, size, (u64)from, 0, 0);
}

s64 do_rex_probe_read_user_str(u8 *to, u32 size, const u8 *from)
{
	return rex_kernel.probe_read_user_str((u64)to, size, (u64)from, 0, 0);
}
