// SPDX-License-Identifier: GPL-2.0-only
/*
 * Perf events, one counter of the kernel's for each CPU: samples for perf event programs,
 * and the formatted records of tracepoints.
 */

#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/perf_event.h>
#include <linux/slab.h>

#include "rex.h"

struct perf_link {
	struct rex_link link;
	struct perf_event **events;	/* by CPU */
};

static void recorded(struct perf_event *event, struct perf_sample_data *data,
		     struct pt_regs *regs)
{
	struct perf_link *link = event->overflow_handler_context;
	struct rex_program_state *program = link->link.program;
	struct rex_environment environment = { .regs = regs, .event = event };
	struct rex_result result;

	if (!data->raw)
		return;
	environment.record = data->raw->frag.data;
	environment.record_len = data->raw->frag.size;
	/* The program may read what it was compiled with. */
	if (environment.record_len < program->context_size) {
		this_cpu_inc(*program->misses);
		return;
	}
	rex_run(program, data->raw->frag.data, &environment, &result);
}

static void sampled(struct perf_event *event, struct perf_sample_data *data,
		    struct pt_regs *regs)
{
	struct perf_link *link = event->overflow_handler_context;
	struct rex_environment environment = { .regs = regs, .event = event };
	struct rex_perf_ctx context = { .sample_period = data->period };
	struct rex_result result;

	BUILD_BUG_ON(sizeof(context.regs) != sizeof(*regs));
	memcpy(&context.regs, regs, sizeof(*regs));
	context.addr = data->addr;
	rex_run(link->link.program, &context, &environment, &result);
}

static void unhook(struct rex_link *base)
{
	struct perf_link *link = container_of(base, struct perf_link, link);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (link->events[cpu])
			perf_event_release_kernel(link->events[cpu]);
	kfree(link->events);
	link->events = NULL;
}

static int hook(struct rex_link *base, const struct rex_attach *how, struct rex_problem *problem)
{
	struct perf_link *link = container_of(base, struct perf_link, link);
	bool tracepoint = base->program->kind == REX_PROG_TRACEPOINT;
	struct perf_event_attr attr = {
		.type = how->event_type, .size = sizeof(attr), .config = how->event_config,
		.sample_period = tracepoint ? 1 : how->event_period,
		.sample_type = tracepoint ? PERF_SAMPLE_RAW : PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD,
	};
	unsigned int cpu;
	int error = 0;

	if (tracepoint != (how->event_type == PERF_TYPE_TRACEPOINT) || !attr.sample_period)
		return rex_fail(problem, -EINVAL, "program `%s`: not an event for its type",
				base->program->name);
	link->events = kcalloc(nr_cpu_ids, sizeof(*link->events), GFP_KERNEL);
	if (!link->events)
		return -ENOMEM;
	cpus_read_lock();
	if (how->cpu != ~0U && (how->cpu >= nr_cpu_ids || !cpu_online(how->cpu)))
		error = rex_fail(problem, -ENODEV, "CPU %u is not online", how->cpu);
	for_each_online_cpu(cpu) {
		struct perf_event *event;

		if (error || (how->cpu != ~0U && how->cpu != cpu))
			continue;
		event = perf_event_create_kernel_counter(&attr, cpu, NULL,
							 tracepoint ? recorded : sampled, link);
		if (IS_ERR(event)) {
			error = rex_fail(problem, PTR_ERR(event),
					 "program `%s`: the kernel does not give this event",
					 base->program->name);
			break;
		}
		link->events[cpu] = event;
	}
	cpus_read_unlock();
	if (error)
		unhook(base);
	return error;
}

struct rex_link *rex_perf_link(void)
{
	struct perf_link *link = kzalloc(sizeof(*link), GFP_KERNEL);

	if (!link)
		return NULL;
	link->link.hook = hook;
	link->link.unhook = unhook;
	return &link->link;
}
