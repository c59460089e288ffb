// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a run ends before its program returns. Every stop does the same: note why and from
 * where, then go to the landing pad. Nothing is released and no extension code runs in
 * between; rex_run does the rest on its own stack.
 */

#include <linux/preempt.h>

#include "rex.h"

u64 rex_link_address(const struct rex_image *image, unsigned long address)
{
	return address >= image->text && address < image->text_end ? address - image->bias : 0;
}

/* Notes the call trace: up to two addresses, then the return addresses up the frames. */
void rex_backtrace(struct rex_level *level, unsigned long first, unsigned long second,
		   unsigned long frame)
{
	struct rex_image *image = level->program->image;
	struct rex_stop_report *report = &level->report;
	u32 len = 0;

	if (first)
		report->trace[len++] = rex_link_address(image, first);
	if (second)
		report->trace[len++] = rex_link_address(image, second);
	while (len < REX_TRACE_DEPTH && frame >= level->bottom && frame <= level->top - 16) {
		const unsigned long *link = (const unsigned long *)frame;

		if (!rex_link_address(image, link[1]))
			break;
		report->trace[len++] = rex_link_address(image, link[1]);
		if (link[0] <= frame)
			break;
		frame = link[0];
	}
	report->trace_len = len;
}

/* A second stop while a panic message is formatted leaves the panic and its trace. */
static void note(struct rex_level *level, u32 reason, u64 detail, bool exact,
		 unsigned long first, unsigned long second, unsigned long frame)
{
	struct rex_stop_report *report = &level->report;

	if (reason == REX_STOP_PANIC) {
		report->message_len = detail;
	} else if (level->panicking) {
		reason = REX_STOP_PANIC_UNFORMATTED;
		report->message_len = 0;
		exact = false;
	} else {
		report->line = 0;
		report->column = 0;
		report->file_len = 0;
		report->message_len = 0;
		rex_backtrace(level, first, second, frame);
	}
	report->detail = detail;
	report->exact = exact;
	report->reason = reason;
}

/* The address behind the helper call under way. */
unsigned long rex_called_from(void)
{
	struct rex_level *level = __this_cpu_read(rex_current);
	unsigned long sp = __this_cpu_read(rex_call_sp);

	if (sp < level->bottom || sp > level->top - 8)
		return 0;
	return *(unsigned long *)sp;
}

void rex_end_in_helper(u32 reason, u64 detail)
{
	struct rex_level *level = __this_cpu_read(rex_current);

	note(level, reason, detail, false, rex_called_from(), 0, __this_cpu_read(rex_call_bp));
	rex_land(level->top);
	unreachable();
}

void rex_killed_in_helper(void);
void rex_killed_in_helper(void)
{
	rex_stop_in_helper(REX_STOP_BUDGET, 0);
}

/* The stack check failed at `address`, in a function called from `caller`. */
void rex_stack_overflow(unsigned long address, unsigned long caller,
				   unsigned long frame);
void rex_stack_overflow(unsigned long address, unsigned long caller,
				   unsigned long frame)
{
	struct rex_level *level = __this_cpu_read(rex_current);

	note(level, REX_STOP_STACK, 0, false, address, caller, frame);
	rex_land(level->top);
	unreachable();
}

/* An indirect call from `caller` was refused. */
void rex_bad_target(unsigned long target, unsigned long caller, unsigned long frame);
void rex_bad_target(unsigned long target, unsigned long caller, unsigned long frame)
{
	struct rex_level *level = __this_cpu_read(rex_current);

	note(level, REX_STOP_BAD_TARGET, rex_link_address(level->program->image, target), false,
	     caller, 0, frame);
	rex_land(level->top);
	unreachable();
}

/*
 * Makes an interrupted run end: its registers are to return to the landing pad. A run
 * inside a helper is asked to end when the helper is done. True if the registers changed.
 */
bool rex_redirect(struct pt_regs *regs, u32 reason, u64 detail)
{
	struct rex_level *level = __this_cpu_read(rex_current);
	u32 phase = __this_cpu_read(rex_phase);

	if (!level || user_mode(regs))
		return false;
	if (phase == REX_HELPER && reason == REX_STOP_BUDGET)
		__this_cpu_write(rex_phase, REX_KILL);
	if (phase != REX_EXTENSION || !rex_in_code(level->program->image, regs->ip))
		return false;
	note(level, reason, detail, true, regs->ip, 0, regs->bp);
	__this_cpu_write(rex_phase, REX_HELPER);
	regs->ip = (unsigned long)rex_landing_pad;
	regs->sp = level->top - REX_KEPT;
	return true;
}
