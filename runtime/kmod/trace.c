// SPDX-License-Identifier: GPL-2.0-only
/* Events of an image, for the one who loaded it: a ring that programs fill from any context. */

#include <linux/preempt.h>
#include <linux/ktime.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "rex.h"

#define RING (256U << 10)
/* Largest event. */
#define EVENT_MAX ALIGN(sizeof(struct rex_event) + sizeof(struct rex_stop_report), 8)

static void wake(struct irq_work *work)
{
	wake_up_interruptible(&container_of(work, struct rex_events, wake)->wait);
}

int rex_events_init(struct rex_events *events)
{
	raw_spin_lock_init(&events->lock);
	init_waitqueue_head(&events->wait);
	init_irq_work(&events->wake, wake);
	events->ring = vmalloc(RING);
	return events->ring ? 0 : -ENOMEM;
}

void rex_events_free(struct rex_events *events)
{
	if (!events->ring)
		return;
	irq_work_sync(&events->wake);
	vfree(events->ring);
}

static void put(struct rex_events *events, const void *from, u32 len)
{
	u32 at = events->head % RING, first = min(len, RING - at);

	memcpy(events->ring + at, from, first);
	memcpy(events->ring, from + first, len - first);
	events->head += len;
}

static void take(struct rex_events *events, void *to, u32 at, u32 len)
{
	u32 first;

	at %= RING;
	first = min(len, RING - at);
	memcpy(to, events->ring + at, first);
	memcpy(to + first, events->ring, len - first);
}

/* An NMI may have interrupted the owner of the lock: there the event is lost, and counted. */
void rex_event_push(struct rex_level *level, u32 kind, const void *payload, u32 len)
{
	struct rex_program_state *program = level->program;
	struct rex_events *events = &program->image->events;
	struct rex_event event = {
		.size = ALIGN(sizeof(event) + len, 8), .kind = kind,
		.t_ns = ktime_get_mono_fast_ns(), .program = program->index,
		.pid = current->pid, .cpu = smp_processor_id(), .len = len,
	};
	u64 padding = 0;
	unsigned long flags;

	local_irq_save(flags);
	if (in_nmi()) {
		if (!raw_spin_trylock(&events->lock)) {
			WRITE_ONCE(events->lost, events->lost + 1);
			goto out;
		}
	} else {
		raw_spin_lock(&events->lock);
	}
	if (RING - (events->head - events->tail) < event.size) {
		WRITE_ONCE(events->lost, events->lost + 1);
	} else {
		put(events, &event, sizeof(event));
		put(events, payload, len);
		put(events, &padding, event.size - sizeof(event) - len);
	}
	raw_spin_unlock(&events->lock);
	irq_work_queue(&events->wake);
out:
	local_irq_restore(flags);
}

bool rex_events_ready(struct rex_events *events)
{
	return READ_ONCE(events->head) != READ_ONCE(events->tail);
}

/* The next event into `to`, if it fits `room`; its size, 0 if there is none. */
static u32 next(struct rex_events *events, void *to, size_t room)
{
	struct rex_event event = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&events->lock, flags);
	if (events->head != events->tail) {
		take(events, &event, events->tail, sizeof(event));
		if (event.size <= room) {
			take(events, to, events->tail, event.size);
			events->tail += event.size;
		}
	}
	raw_spin_unlock_irqrestore(&events->lock, flags);
	return event.size;
}

ssize_t rex_events_read(struct rex_events *events, char __user *to, size_t len, bool wait)
{
	size_t done = 0;
	u8 *buffer;
	int error = 0;
	u32 size;

	if (len < EVENT_MAX)
		return -EINVAL;
	if (!rex_events_ready(events)) {
		if (!wait)
			return -EAGAIN;
		error = wait_event_interruptible(events->wait, rex_events_ready(events));
		if (error)
			return error;
	}
	buffer = vmalloc(EVENT_MAX);
	if (!buffer)
		return -ENOMEM;
	while (len - done >= EVENT_MAX) {
		size = next(events, buffer, EVENT_MAX);
		if (!size)
			break;
		if (copy_to_user(to + done, buffer, size)) {
			error = -EFAULT;
			break;
		}
		done += size;
	}
	vfree(buffer);
	return done ?: error;
}
