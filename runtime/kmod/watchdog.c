// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends runs that take too long. A timer on each CPU looks at its own runs and at those of
 * the next CPUs: what keeps interrupts off is reached by an NMI from there. It ticks while
 * something is attached.
 */

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/smp.h>
#include <linux/ktime.h>
#include <asm/irq_regs.h>
#include <asm/nmi.h>

#include "rex.h"

#define TICK_NS (10 * NSEC_PER_MSEC)
/* CPUs that a CPU watches, itself included. */
#define WATCHED 4

static const u64 budget_ns[REX_LEVELS] = {
	NSEC_PER_SEC, 100 * NSEC_PER_MSEC, 100 * NSEC_PER_MSEC, 100 * NSEC_PER_MSEC,
};

/* The run seen last, and since when. */
struct seen {
	u64 seq, since;
	unsigned int cpu;
};

struct watch {
	struct hrtimer timer;
	struct seen seen[WATCHED][REX_LEVELS];
};

static DEFINE_PER_CPU(struct watch, watches);
/* The run that an NMI is to end; 0 for none. */
static DEFINE_PER_CPU(u64, requested);
static DEFINE_MUTEX(users_lock);
static unsigned int users;

/* Nanoseconds by which a level's run is late; 0 if it is not. */
static u64 late(struct seen *seen, struct rex_level *level, unsigned int cpu, u64 now)
{
	u64 seq = READ_ONCE(level->seq);

	if (!READ_ONCE(level->active) || seen->seq != seq || seen->cpu != cpu) {
		*seen = (struct seen){ .seq = seq, .since = now, .cpu = cpu };
		return 0;
	}
	return now - seen->since > budget_ns[level->number] ?
		now - seen->since - budget_ns[level->number] : 0;
}

static void watch_cpu(struct seen *seen, unsigned int cpu, u64 now)
{
	struct pt_regs *regs = get_irq_regs();
	u32 number;

	for (number = 0; number < REX_LEVELS; number++) {
		struct rex_level *level = rex_level_of(cpu, number);
		u64 by;

		if (!level)
			continue;
		by = late(&seen[number], level, cpu, now);
		if (!by || READ_ONCE(per_cpu(rex_current, cpu)) != level)
			continue;
		if (cpu == smp_processor_id()) {
			if (regs)
				rex_redirect(regs, REX_STOP_BUDGET, 0);
		} else if (by > 2 * TICK_NS) {
			WRITE_ONCE(per_cpu(requested, cpu), seen[number].seq);
			rex_send_nmi(cpu);
		}
	}
}

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct watch *watch = container_of(timer, struct watch, timer);
	unsigned int cpu = smp_processor_id(), i;
	u64 now = ktime_get_mono_fast_ns();

	for (i = 0; i < WATCHED; i++) {
		watch_cpu(watch->seen[i], cpu, now);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		if (cpu == smp_processor_id())
			break;
	}
	hrtimer_forward_now(timer, ns_to_ktime(TICK_NS));
	return HRTIMER_RESTART;
}

static int interrupted(unsigned int type, struct pt_regs *regs)
{
	u64 seq = this_cpu_xchg(requested, 0);
	struct rex_level *level = __this_cpu_read(rex_current);
	struct pt_regs before = *regs;

	if (!seq)
		return NMI_DONE;
	if (level && READ_ONCE(level->seq) == seq &&
	    rex_redirect(regs, REX_STOP_BUDGET, 0) && !rex_nmi_frame_follow(&before, regs)) {
		/* Another way of returning from NMIs: the timer has to do. */
		*regs = before;
		level->report.reason = 0;
		__this_cpu_write(rex_phase, REX_EXTENSION);
	}
	return NMI_HANDLED;
}

static void start_here(void *unused)
{
	struct hrtimer *timer = this_cpu_ptr(&watches.timer);

	hrtimer_start(timer, ns_to_ktime(TICK_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

/* Of a CPU that came or goes; the hotplug lock is held. */
void rex_watchdog_cpu(unsigned int cpu, bool online)
{
	struct watch *watch = per_cpu_ptr(&watches, cpu);

	if (!online) {
		hrtimer_cancel(&watch->timer);
		return;
	}
	hrtimer_init(&watch->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	watch->timer.function = tick;
	if (READ_ONCE(users))
		smp_call_function_single(cpu, start_here, NULL, 1);
}

void rex_watchdog_get(void)
{
	cpus_read_lock();
	mutex_lock(&users_lock);
	if (!users++)
		on_each_cpu(start_here, NULL, 1);
	mutex_unlock(&users_lock);
	cpus_read_unlock();
}

void rex_watchdog_put(void)
{
	unsigned int cpu;

	cpus_read_lock();
	mutex_lock(&users_lock);
	if (!--users)
		for_each_online_cpu(cpu)
			hrtimer_cancel(&per_cpu(watches, cpu).timer);
	mutex_unlock(&users_lock);
	cpus_read_unlock();
}

int rex_watchdog_init(void)
{
	return register_nmi_handler(NMI_LOCAL, interrupted, 0, "rex");
}

void rex_watchdog_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "rex");
}
