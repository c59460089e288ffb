// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spin locks: a word that holds who took it, CPU and level. Programs and map writers can
 * overwrite it; that costs exclusion, never memory, as a lock is released by compare and
 * exchange of its owner.
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/processor.h>

#include "helpers.h"

static u32 tag(const struct rex_level *level)
{
	return (smp_processor_id() << 2 | level->number) + 1;
}

void rex_lock_release(struct rex_level *level, u32 *word)
{
	cmpxchg_release(word, tag(level), 0);
}

/*
 * Interrupts are off while a lock is held, as for eBPF's: the watchdog of another CPU
 * watches. On a machine with a single CPU nothing could end a loop then; there they stay
 * on, and a level that finds the lock taken by the one below it is stopped.
 */
static void hold_interrupts(struct rex_level *level)
{
	if (level->locks++ || num_online_cpus() == 1)
		return;
	local_irq_save(level->irq_flags);
	level->irqs_saved = true;
}

static void allow_interrupts(struct rex_level *level)
{
	if (--level->locks || !level->irqs_saved)
		return;
	level->irqs_saved = false;
	local_irq_restore(level->irq_flags);
}

void do_rex_spin_lock(u32 *word)
{
	struct rex_level *level = rex_level();
	u32 mine = tag(level), found;

	if (level->number == REX_LEVELS - 1)
		rex_stop_in_helper(REX_STOP_LOCK_LEVEL, 0);
	if (rex_resource_find(level, REX_RESOURCE_LOCK, (unsigned long)word))
		rex_stop_in_helper(REX_STOP_LOCK_HELD, 0);
	rex_need_slot(level);
	hold_interrupts(level);
	while ((found = cmpxchg_acquire(word, 0, mine))) {
		/* Its holder cannot go on before this run ends. */
		if (found != mine && (found - 1) >> 2 == smp_processor_id())
			rex_stop_in_helper(REX_STOP_LOCK_HELD, 0);
		if (rex_kill_pending())
			rex_stop_in_helper(REX_STOP_BUDGET, 0);
		cpu_relax();
	}
	rex_resource_add(level, REX_RESOURCE_LOCK, (unsigned long)word);
}

void do_rex_spin_unlock(u32 *word)
{
	struct rex_level *level = rex_level();
	struct rex_resource *held;

	held = rex_resource_find(level, REX_RESOURCE_LOCK, (unsigned long)word);
	if (!held)
		return;
	rex_lock_release(level, word);
	rex_resource_remove(level, held);
	allow_interrupts(level);
}
