// SPDX-License-Identifier: GPL-2.0-only
/* The stacks of each CPU, one for each context level, and CPUs that come and go. */

#include <linux/cpuhotplug.h>
#include <linux/preempt.h>
#include <linux/vmalloc.h>

#include "rex.h"

DEFINE_PER_CPU(struct rex_level *, rex_current);
DEFINE_PER_CPU(u32, rex_phase);
DEFINE_PER_CPU(unsigned long, rex_stack_limit);
DEFINE_PER_CPU(unsigned long, rex_call_sp);
DEFINE_PER_CPU(unsigned long, rex_call_bp);

/* Softirqs are interrupted on our stack by hardirqs, which then stay on it. */
static const size_t stack_len[REX_LEVELS] = { 65536, 131072, 65536, 65536 };

static DEFINE_PER_CPU(struct rex_level *[REX_LEVELS], levels);
static int hotplug;

struct rex_level *rex_level_of(unsigned int cpu, unsigned int number)
{
	return READ_ONCE(per_cpu(levels, cpu)[number]);
}

unsigned int rex_level_now(void)
{
	return in_nmi() ? 3 : in_hardirq() ? 2 : in_serving_softirq() ? 1 : 0;
}

static void level_free(struct rex_level *level)
{
	if (level)
		vfree(level->stack);
	vfree(level);
}

static struct rex_level *level_new(unsigned int cpu, u32 number)
{
	struct rex_level *level = vzalloc_node(sizeof(*level), cpu_to_node(cpu));

	if (!level)
		return NULL;
	level->number = number;
	/* vmalloc leaves an unmapped page below. */
	level->stack = vzalloc_node(stack_len[number], cpu_to_node(cpu));
	if (!level->stack) {
		vfree(level);
		return NULL;
	}
	level->bottom = (unsigned long)level->stack;
	level->top = level->bottom + stack_len[number];
	return level;
}

static int cpu_online_now(unsigned int cpu)
{
	u32 number;

	for (number = 0; number < REX_LEVELS; number++) {
		struct rex_level *level = per_cpu(levels, cpu)[number];

		if (level)
			continue;
		level = level_new(cpu, number);
		if (!level)
			return -ENOMEM;
		WRITE_ONCE(per_cpu(levels, cpu)[number], level);
	}
	rex_watchdog_cpu(cpu, true);
	return 0;
}

/* The stacks stay for when it comes back. */
static int cpu_offline_now(unsigned int cpu)
{
	rex_watchdog_cpu(cpu, false);
	return 0;
}

int rex_levels_init(void)
{
	hotplug = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "rex:online", cpu_online_now,
				    cpu_offline_now);
	if (hotplug < 0) {
		rex_levels_exit();
		return hotplug;
	}
	return 0;
}

void rex_levels_exit(void)
{
	unsigned int cpu, number;

	if (hotplug > 0)
		cpuhp_remove_state(hotplug);
	for_each_possible_cpu(cpu)
		for (number = 0; number < REX_LEVELS; number++)
			level_free(per_cpu(levels, cpu)[number]);
}
