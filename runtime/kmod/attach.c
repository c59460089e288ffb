// SPDX-License-Identifier: GPL-2.0-only
/* Links: a program at a hook. */

#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "rex.h"

static struct rex_link *link_for(u32 kind)
{
	switch (kind) {
	case REX_PROG_KPROBE:
		return rex_kprobe_link();
	case REX_PROG_KRETPROBE:
		return rex_kretprobe_link();
	case REX_PROG_TRACEPOINT:
	case REX_PROG_PERF_EVENT:
		return rex_perf_link();
	default:
		return ERR_PTR(-EOPNOTSUPP);
	}
}

/* Whether a request says nothing that its type of program has no use for. */
static bool says_only_what_counts(u32 kind, const struct rex_attach *how)
{
	if (kind == REX_PROG_KPROBE || kind == REX_PROG_KRETPROBE)
		return how->cpu == ~0U && !how->event_type && !how->event_config &&
		       !how->event_period;
	return !how->target[0];
}

struct rex_link *rex_link_new(struct rex_image *image, const struct rex_attach *how,
			      struct rex_problem *problem)
{
	struct rex_program_state *program = &image->programs[how->program];
	struct rex_link *link;
	int error;

	if (!says_only_what_counts(program->kind, how))
		return ERR_PTR(rex_fail(problem, -EINVAL,
					"program `%s`: the request has fields of another type's",
					program->name));
	link = link_for(program->kind);
	if (IS_ERR(link)) {
		rex_fail(problem, 0, "program `%s`: this target cannot attach programs of its type",
			 program->name);
		return link;
	}
	if (!link)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&link->list);
	link->program = program;
	rex_watchdog_get();
	mutex_lock(&image->lock);
	if (READ_ONCE(program->dead))
		error = rex_fail(problem, -EOWNERDEAD, "program `%s` was stopped and is dead",
				 program->name);
	else
		error = link->hook(link, how, problem);
	if (!error) {
		link->attached = true;
		list_add(&link->list, &image->links);
	}
	mutex_unlock(&image->lock);
	if (error) {
		rex_watchdog_put();
		/* A part of it may have been hooked for a moment. */
		synchronize_rcu();
		kfree(link);
		return ERR_PTR(error);
	}
	return link;
}

/* Nothing of it runs any more when this returns. The image's lock is held. */
static void detach(struct rex_link *link)
{
	if (!link->attached)
		return;
	link->unhook(link);
	link->attached = false;
	list_del_init(&link->list);
	rex_watchdog_put();
}

void rex_link_free(struct rex_link *link)
{
	struct rex_image *image = link->program->image;

	mutex_lock(&image->lock);
	detach(link);
	mutex_unlock(&image->lock);
	/* A hook may still be leaving its handler. */
	synchronize_rcu();
	kfree(link);
}

/* Detaches one program's links, or all. */
void rex_links_detach(struct rex_image *image, struct rex_program_state *program)
{
	struct rex_link *link, *next;

	mutex_lock(&image->lock);
	list_for_each_entry_safe(link, next, &image->links, list)
		if (!program || link->program == program)
			detach(link);
	mutex_unlock(&image->lock);
}
