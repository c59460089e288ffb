// SPDX-License-Identifier: GPL-2.0-only
/* CPU faults in extension code end the run. */

#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <asm/trapnr.h>

#include "rex.h"

static int fault(struct notifier_block *block, unsigned long event, void *data)
{
	struct die_args *die = data;
	int trap;

	/* What is said about a double fault is not heeded. */
	if (event == DIE_NMIUNKNOWN || die->trapnr == X86_TRAP_DF || !die->regs)
		return NOTIFY_DONE;
	/* Only page faults come as an oops, with the number of an earlier trap. */
	trap = event == DIE_OOPS ? X86_TRAP_PF : die->trapnr;
	return rex_redirect(die->regs, REX_STOP_FAULT, trap) ? NOTIFY_STOP : NOTIFY_DONE;
}

static struct notifier_block block = {
	.notifier_call = fault,
	.priority = INT_MAX,
};

int rex_fault_init(void)
{
	return register_die_notifier(&block);
}

void rex_fault_exit(void)
{
	unregister_die_notifier(&block);
}
