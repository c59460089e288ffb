// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an invocation holds. A slot is filled before the helper returns to the extension,
 * so there is no time at which something is held and not known.
 */

#include <linux/irqflags.h>
#include <linux/sched/task.h>

#include "rex.h"

struct rex_resource *rex_resource_find(struct rex_level *level, u32 kind, unsigned long what)
{
	u32 i;

	for (i = level->held; i-- > 0;)
		if (level->resources[i].kind == kind && level->resources[i].what == what)
			return &level->resources[i];
	return NULL;
}

/* There is room: helpers ask before they acquire. */
void rex_resource_add(struct rex_level *level, u32 kind, unsigned long what)
{
	level->resources[level->held] = (struct rex_resource){
		.kind = kind, .what = what, .at = rex_called_from(),
	};
	barrier();
	level->held++;
}

void rex_resource_remove(struct rex_level *level, struct rex_resource *resource)
{
	struct rex_resource *last = &level->resources[--level->held];

	memmove(resource, resource + 1, (last - resource) * sizeof(*resource));
}

static void release(struct rex_level *level, const struct rex_resource *resource)
{
	switch (resource->kind) {
	case REX_RESOURCE_LOCK:
		rex_lock_release(level, (u32 *)resource->what);
		break;
	case REX_RESOURCE_RECORD:
		rex_kernel.ringbuf_discard(resource->what, 0, 0, 0, 0);
		break;
	case REX_RESOURCE_TASK:
		put_task_struct((struct task_struct *)resource->what);
		break;
	}
}

/* Releases everything, last acquired first; after a return, says so. */
void rex_resources_release(struct rex_level *level)
{
	while (level->held) {
		struct rex_resource resource = level->resources[level->held - 1];

		release(level, &resource);
		level->held--;
		if (!level->report.reason) {
			struct rex_released released = {
				.resource = resource.kind,
				.at = rex_link_address(level->program->image, resource.at),
			};

			rex_event_push(level, REX_EVENT_RELEASED, &released, sizeof(released));
		}
	}
	level->locks = 0;
	if (level->irqs_saved) {
		level->irqs_saved = false;
		local_irq_restore(level->irq_flags);
	}
}
