// SPDX-License-Identifier: GPL-2.0-only
/* One run of a program: onto its level's stack, and everything given back after it. */

#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "rex.h"

/* Tracing programs are refused where eBPF refuses its own. */
static bool enter_tracing(void)
{
	if (likely(this_cpu_inc_return(*rex_kernel.bpf_prog_active) == 1))
		return true;
	this_cpu_dec(*rex_kernel.bpf_prog_active);
	return false;
}

static void leave_tracing(void)
{
	this_cpu_dec(*rex_kernel.bpf_prog_active);
}

/* The state of what was interrupted. */
struct outer {
	struct rex_level *current_level;
	u32 phase;
	unsigned long limit, sp, bp;
};

static void begin(struct rex_level *level, struct rex_program_state *program,
		  const struct rex_environment *environment, struct outer *outer)
{
	outer->current_level = __this_cpu_read(rex_current);
	outer->phase = __this_cpu_read(rex_phase);
	outer->limit = __this_cpu_read(rex_stack_limit);
	outer->sp = __this_cpu_read(rex_call_sp);
	outer->bp = __this_cpu_read(rex_call_bp);
	/* From here on the watchdog waits, until the dispatcher says otherwise. */
	__this_cpu_write(rex_phase, REX_HELPER);
	level->active = true;
	level->program = program;
	level->environment = *environment;
	level->report.reason = 0;
	level->panicking = false;
	level->overridden = false;
	WRITE_ONCE(level->seq, level->seq + 1);
	__this_cpu_write(rex_stack_limit, level->top - REX_STACK_BUDGET);
	barrier();
	__this_cpu_write(rex_current, level);
}

static void end(struct rex_level *level, const struct outer *outer)
{
	barrier();
	__this_cpu_write(rex_current, outer->current_level);
	__this_cpu_write(rex_call_sp, outer->sp);
	__this_cpu_write(rex_call_bp, outer->bp);
	__this_cpu_write(rex_stack_limit, outer->limit);
	level->active = false;
	barrier();
	__this_cpu_write(rex_phase, outer->phase);
}

/* The program is dead from now on; its hooks go in process context. */
static void stopped(struct rex_level *level)
{
	struct rex_program_state *program = level->program;

	WRITE_ONCE(program->dead, true);
	level->report.released = level->held;
	rex_resources_release(level);
	rex_event_push(level, REX_EVENT_STOP, &level->report, sizeof(level->report));
	irq_work_queue(&program->stopped);
}

static bool run_on(struct rex_level *level, struct rex_program_state *program, void *context,
		   const struct rex_environment *environment, struct rex_result *result)
{
	struct outer outer;

	if (!enter_tracing())
		return false;
	begin(level, program, environment, &outer);
	result->verdict = rex_dispatch(context, program->entry, level->top);
	result->overridden = level->overridden;
	result->override = level->override;
	if (level->report.reason) {
		stopped(level);
		result->verdict = program->default_verdict;
		result->overridden = false;
	} else if (unlikely(level->held)) {
		rex_resources_release(level);
	}
	end(level, &outer);
	leave_tracing();
	return true;
}

bool rex_run(struct rex_program_state *program, void *context,
	     const struct rex_environment *environment, struct rex_result *result)
{
	struct rex_level *level;
	bool ran = false;

	preempt_disable_notrace();
	rcu_read_lock();
	level = rex_level_of(smp_processor_id(), rex_level_now());
	if (level && !level->active && !READ_ONCE(program->dead))
		ran = run_on(level, program, context, environment, result);
	if (ran)
		__this_cpu_inc(*program->runs);
	else
		__this_cpu_inc(*program->misses);
	rcu_read_unlock();
	preempt_enable_notrace();
	return ran;
}
