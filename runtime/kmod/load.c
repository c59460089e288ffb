// SPDX-License-Identifier: GPL-2.0-only
/* An image from its container: programs, maps, memory; and how it goes away. */

#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "rex.h"

static void program_stopped(struct irq_work *work)
{
	struct rex_program_state *program = container_of(work, struct rex_program_state, stopped);

	schedule_work(&program->detach);
}

static void program_detach(struct work_struct *work)
{
	struct rex_program_state *program = container_of(work, struct rex_program_state, detach);

	rex_links_detach(program->image, program);
}

static int make_program(struct rex_program_state *program, struct rex_image *image,
			const struct rex_container *c, u32 index, struct rex_problem *problem)
{
	const struct rex_img_program *from = c->section[REX_SECTION_PROGRAMS];
	const struct rex_img_context *contexts = c->section[REX_SECTION_CONTEXTS];

	from += index;
	program->image = image;
	program->index = index;
	program->kind = from->kind;
	program->context_size = contexts[from->context].size;
	program->entry = from->entry + image->bias;
	program->default_verdict = from->default_verdict;
	init_irq_work(&program->stopped, program_stopped);
	INIT_WORK(&program->detach, program_detach);
	if (!rex_container_string(c, from->name, program->name, sizeof(program->name)) ||
	    !rex_container_string(c, from->attach, program->attach, sizeof(program->attach)))
		return rex_fail(problem, -EBADMSG, "image: program %u has a bad name", index);
	program->runs = alloc_percpu(u64);
	program->misses = alloc_percpu(u64);
	return program->runs && program->misses ? 0 : -ENOMEM;
}

static int take_map(struct rex_map *map, const struct rex_img_map *from, s32 fd, u32 index,
		    struct rex_problem *problem)
{
	struct bpf_map *found = rex_kernel.bpf_map_get(fd);

	if (IS_ERR(found))
		return rex_fail(problem, PTR_ERR(found), "map %u: descriptor %d is not of a map",
				index, fd);
	*map = (struct rex_map){
		.map = found, .kind = from->kind, .key_size = from->key_size,
		.value_size = from->value_size, .max_entries = from->max_entries,
		.flags = from->flags, .slot = from->slot,
	};
	if (found->map_type != from->kind || found->max_entries != from->max_entries ||
	    found->key_size != from->key_size || found->value_size != from->value_size ||
	    found->map_flags != from->flags)
		return rex_fail(problem, -EINVAL, "map %u: the kernel's map differs from the image's",
				index);
	return 0;
}

static int take_maps(struct rex_image *image, const struct rex_container *c, const s32 *fds,
		     u32 count, struct rex_problem *problem)
{
	const struct rex_img_map *from = c->section[REX_SECTION_MAPS];
	int error = 0;
	u32 i;

	if (count != c->count[REX_SECTION_MAPS])
		return rex_fail(problem, -EINVAL, "the image has %u maps, %u were given",
				c->count[REX_SECTION_MAPS], count);
	image->maps = kvcalloc(max(count, 1U), sizeof(*image->maps), GFP_KERNEL);
	if (!image->maps)
		return -ENOMEM;
	image->map_count = count;
	for (i = 0; !error && i < count; i++)
		error = take_map(&image->maps[i], &from[i], fds[i], i, problem);
	return error;
}

/* Also of one that was made in part. No hook and no run of it is left. */
static void image_free(struct rex_image *image)
{
	u32 i;

	/* Runs hold RCU: what is behind a hook that was taken away is over after this. */
	synchronize_rcu();
	for (i = 0; i < image->program_count; i++) {
		struct rex_program_state *program = &image->programs[i];

		if (program->image) {
			irq_work_sync(&program->stopped);
			cancel_work_sync(&program->detach);
		}
		free_percpu(program->runs);
		free_percpu(program->misses);
	}
	rex_unplace(image);
	for (i = 0; i < image->map_count; i++)
		if (image->maps[i].map)
			bpf_map_put(image->maps[i].map);
	rex_events_free(&image->events);
	kvfree(image->maps);
	kvfree(image->programs);
	kfree(image);
}

static void image_release(struct kref *refs)
{
	image_free(container_of(refs, struct rex_image, refs));
}

void rex_image_get(struct rex_image *image)
{
	kref_get(&image->refs);
}

void rex_image_put(struct rex_image *image)
{
	kref_put(&image->refs, image_release);
}

static int fill(struct rex_image *image, const u8 *file, size_t len, const s32 *map_fds,
		u32 map_count, struct rex_problem *problem)
{
	struct rex_container c;
	int error = rex_container_check(&c, file, len, problem);
	u32 i;

	if (!error)
		error = rex_imports_check(&c, problem);
	if (!error)
		error = take_maps(image, &c, map_fds, map_count, problem);
	if (!error)
		error = rex_events_init(&image->events);
	if (!error)
		error = rex_place(image, &c, problem);
	if (error)
		return error;
	image->programs = kvcalloc(max(c.count[REX_SECTION_PROGRAMS], 1U),
				   sizeof(*image->programs), GFP_KERNEL);
	if (!image->programs)
		return -ENOMEM;
	image->program_count = c.count[REX_SECTION_PROGRAMS];
	for (i = 0; !error && i < image->program_count; i++)
		error = make_program(&image->programs[i], image, &c, i, problem);
	return error;
}

struct rex_image *rex_image_load(const u8 *file, size_t len, const s32 *map_fds, u32 map_count,
				 struct rex_problem *problem)
{
	struct rex_image *image = kzalloc(sizeof(*image), GFP_KERNEL);
	int error;

	if (!image)
		return ERR_PTR(-ENOMEM);
	kref_init(&image->refs);
	mutex_init(&image->lock);
	INIT_LIST_HEAD(&image->links);
	error = fill(image, file, len, map_fds, map_count, problem);
	if (error) {
		image_free(image);
		return ERR_PTR(error);
	}
	return image;
}
