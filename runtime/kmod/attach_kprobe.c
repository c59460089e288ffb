// SPDX-License-Identifier: GPL-2.0-only
/* At the entry of a kernel function, or somewhere in it, and at its return. */

#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "rex.h"

struct kprobe_link {
	struct rex_link link;
	char symbol[REX_TARGET_LEN];
	bool injects;
	union {
		struct kprobe kprobe;
		struct kretprobe kretprobe;
	};
};

/* SYMBOL or SYMBOL+OFFSET, from the request or else from the program. */
static int parse(struct kprobe_link *to, const struct rex_attach *how, unsigned long *offset,
		 struct rex_problem *problem)
{
	const char *target = how->target[0] ? (const char *)how->target : to->link.program->attach;
	char *plus;

	*offset = 0;
	strscpy(to->symbol, target, sizeof(to->symbol));
	plus = strchr(to->symbol, '+');
	if (plus) {
		*plus = 0;
		if (kstrtoul(plus + 1, 0, offset))
			return rex_fail(problem, -EINVAL, "`%s`: the offset is not a number", target);
	}
	if (!to->symbol[0])
		return rex_fail(problem, -EINVAL, "program `%s` names no function",
				to->link.program->name);
	return 0;
}

static int registered(struct kprobe_link *link, int error, struct rex_problem *problem)
{
	if (!error)
		return 0;
	return rex_fail(problem, error, error == -ENOENT ?
			"there is no kernel function `%s` that can be probed" :
			"`%s` cannot be probed", link->symbol);
}

static int entered(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct kprobe_link *link = container_of(kprobe, struct kprobe_link, kprobe);
	struct rex_environment environment = { .regs = regs, .may_override = link->injects };
	struct rex_result result;

	if (!rex_run(link->link.program, regs, &environment, &result) || !result.overridden)
		return 0;
	regs->ax = result.override;
	regs->ip = (unsigned long)rex_just_return;
	return 1;
}

/* With it the probe is not optimised into a jump, which would not heed `entered`. */
static void passed(struct kprobe *kprobe, struct pt_regs *regs, unsigned long flags)
{
}

static int hook(struct rex_link *base, const struct rex_attach *how, struct rex_problem *problem)
{
	struct kprobe_link *link = container_of(base, struct kprobe_link, link);
	unsigned long offset;
	int error = parse(link, how, &offset, problem);

	if (error)
		return error;
	link->injects = !offset && rex_may_inject(link->symbol);
	link->kprobe.symbol_name = link->symbol;
	link->kprobe.offset = offset;
	link->kprobe.pre_handler = entered;
	link->kprobe.post_handler = passed;
	return registered(link, register_kprobe(&link->kprobe), problem);
}

static void unhook(struct rex_link *base)
{
	unregister_kprobe(&container_of(base, struct kprobe_link, link)->kprobe);
}

struct rex_link *rex_kprobe_link(void)
{
	struct kprobe_link *link = kzalloc(sizeof(*link), GFP_KERNEL);

	if (!link)
		return NULL;
	link->link.hook = hook;
	link->link.unhook = unhook;
	return &link->link;
}

static int returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kretprobe *kretprobe = get_kretprobe(instance);
	struct rex_environment environment = { .regs = regs };
	struct kprobe_link *link;
	struct rex_result result;

	if (!kretprobe)
		return 0;
	link = container_of(kretprobe, struct kprobe_link, kretprobe);
	rex_run(link->link.program, regs, &environment, &result);
	return 0;
}

static int hook_return(struct rex_link *base, const struct rex_attach *how,
		       struct rex_problem *problem)
{
	struct kprobe_link *link = container_of(base, struct kprobe_link, link);
	unsigned long offset;
	int error = parse(link, how, &offset, problem);

	if (!error && offset)
		error = rex_fail(problem, -EINVAL, "`%s`: a return has no offset", link->symbol);
	if (error)
		return error;
	link->kretprobe.kp.symbol_name = link->symbol;
	link->kretprobe.handler = returned;
	return registered(link, register_kretprobe(&link->kretprobe), problem);
}

static void unhook_return(struct rex_link *base)
{
	unregister_kretprobe(&container_of(base, struct kprobe_link, link)->kretprobe);
}

struct rex_link *rex_kretprobe_link(void)
{
	struct kprobe_link *link = kzalloc(sizeof(*link), GFP_KERNEL);

	if (!link)
		return NULL;
	link->link.hook = hook_return;
	link->link.unhook = unhook_return;
	return &link->link;
}
