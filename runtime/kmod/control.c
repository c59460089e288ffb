// SPDX-License-Identifier: GPL-2.0-only
/* The character device, its descriptors, and the module's beginning and end. */

#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "rex.h"

/* Largest container that is taken, in bytes. */
#define CONTAINER_MAX (64UL << 20)
#define MAPS_MAX 4096

int rex_fail(struct rex_problem *problem, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vscnprintf(problem->text, sizeof(problem->text), format, arguments);
	va_end(arguments);
	return error;
}

static long reply(const struct rex_reply *to, const struct rex_problem *problem, long error)
{
	size_t len = min_t(size_t, strlen(problem->text) + 1, to->text_len);

	if (error < 0 && to->text && len &&
	    copy_to_user(u64_to_user_ptr(to->text), problem->text, len))
		return -EFAULT;
	return error;
}

/* --- links ---------------------------------------------------------------------- */

static int link_release(struct inode *inode, struct file *file)
{
	struct rex_link *link = file->private_data;
	struct rex_image *image = link->program->image;

	rex_link_free(link);
	rex_image_put(image);
	return 0;
}

static const struct file_operations link_operations = {
	.owner = THIS_MODULE,
	.release = link_release,
	.llseek = noop_llseek,
};

static long attach(struct rex_image *image, const void __user *from)
{
	struct rex_problem problem = {};
	struct rex_attach how;
	struct rex_link *link;
	int fd;

	if (copy_from_user(&how, from, sizeof(how)))
		return -EFAULT;
	if (how.reserved || how.reply.reserved || how.program >= image->program_count ||
	    strnlen(how.target, sizeof(how.target)) == sizeof(how.target))
		return -EINVAL;
	link = rex_link_new(image, &how, &problem);
	if (IS_ERR(link))
		return reply(&how.reply, &problem, PTR_ERR(link));
	rex_image_get(image);
	fd = anon_inode_getfd("[rex-link]", &link_operations, link, O_CLOEXEC);
	if (fd < 0) {
		rex_link_free(link);
		rex_image_put(image);
	}
	return fd;
}

/* --- images --------------------------------------------------------------------- */

static long status(struct rex_image *image, void __user *at)
{
	struct rex_program_state *program;
	struct rex_status status;
	int cpu;

	if (copy_from_user(&status, at, sizeof(status)))
		return -EFAULT;
	if (status.program >= image->program_count)
		return -EINVAL;
	program = &image->programs[status.program];
	status.dead = READ_ONCE(program->dead);
	status.runs = 0;
	status.misses = 0;
	for_each_possible_cpu(cpu) {
		status.runs += READ_ONCE(*per_cpu_ptr(program->runs, cpu));
		status.misses += READ_ONCE(*per_cpu_ptr(program->misses, cpu));
	}
	status.events_lost = READ_ONCE(image->events.lost);
	status.link_base = image->bias + REX_LINK_BASE;
	return copy_to_user(at, &status, sizeof(status)) ? -EFAULT : 0;
}

static long image_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct rex_image *image = file->private_data;

	switch (command) {
	case REX_IOC_ATTACH:
		return attach(image, (void __user *)argument);
	case REX_IOC_STATUS:
		return status(image, (void __user *)argument);
	default:
		return -ENOTTY;
	}
}

static ssize_t image_read(struct file *file, char __user *to, size_t len, loff_t *at)
{
	struct rex_image *image = file->private_data;

	return rex_events_read(&image->events, to, len, !(file->f_flags & O_NONBLOCK));
}

static __poll_t image_poll(struct file *file, poll_table *table)
{
	struct rex_image *image = file->private_data;

	poll_wait(file, &image->events.wait, table);
	return rex_events_ready(&image->events) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int image_release(struct inode *inode, struct file *file)
{
	struct rex_image *image = file->private_data;

	rex_links_detach(image, NULL);
	rex_image_put(image);
	return 0;
}

static const struct file_operations image_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = image_ioctl,
	.read = image_read,
	.poll = image_poll,
	.release = image_release,
	.llseek = noop_llseek,
};

/* Loading is loading kernel code, and asks for what that asks for. */
static int may_load(struct rex_problem *problem)
{
	int error;

	if (!capable(CAP_SYS_MODULE))
		return rex_fail(problem, -EPERM, "loading an image needs CAP_SYS_MODULE");
	if (READ_ONCE(*rex_kernel.modules_disabled))
		return rex_fail(problem, -EPERM, "kernel.modules_disabled is set");
	error = security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
	if (error)
		return rex_fail(problem, error,
				"the kernel is locked down, and images are not signed with its key");
	return 0;
}

static long load(const void __user *from)
{
	struct rex_problem problem = {};
	struct rex_image *image;
	struct rex_load how;
	s32 *map_fds = NULL;
	u8 *file;
	long result;

	if (copy_from_user(&how, from, sizeof(how)))
		return -EFAULT;
	if (how.version != REX_CONTROL_VERSION || how.reply.reserved)
		return -EINVAL;
	if (how.image_len > CONTAINER_MAX || how.map_count > MAPS_MAX)
		return -E2BIG;
	result = may_load(&problem);
	if (result)
		return reply(&how.reply, &problem, result);
	file = vmalloc(max_t(size_t, how.image_len, 1));
	if (!file)
		return -ENOMEM;
	result = -EFAULT;
	/* The one copy: what is checked is what is loaded. */
	if (copy_from_user(file, u64_to_user_ptr(how.image), how.image_len))
		goto out;
	if (how.map_count) {
		map_fds = memdup_user(u64_to_user_ptr(how.map_fds),
				      how.map_count * sizeof(*map_fds));
		if (IS_ERR(map_fds)) {
			result = PTR_ERR(map_fds);
			map_fds = NULL;
			goto out;
		}
	}
	image = rex_image_load(file, how.image_len, map_fds, how.map_count, &problem);
	if (IS_ERR(image)) {
		result = reply(&how.reply, &problem, PTR_ERR(image));
		goto out;
	}
	result = anon_inode_getfd("[rex-image]", &image_operations, image, O_CLOEXEC | O_RDWR);
	if (result < 0)
		rex_image_put(image);
out:
	kfree(map_fds);
	vfree(file);
	return result;
}

/* --- the device ----------------------------------------------------------------- */

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return command == REX_IOC_LOAD ? load((void __user *)argument) : -ENOTTY;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "rex",
	.mode = 0600,
	.fops = &device_operations,
};

static int __init rex_init(void)
{
	int error = rex_compat_init();

	if (error)
		return error;
	error = rex_levels_init();
	if (error)
		return error;
	error = rex_watchdog_init();
	if (error)
		goto levels;
	error = rex_fault_init();
	if (error)
		goto watchdog;
	error = misc_register(&device);
	if (error)
		goto fault;
	return 0;
fault:
	rex_fault_exit();
watchdog:
	rex_watchdog_exit();
levels:
	rex_levels_exit();
	return error;
}

static void __exit rex_exit(void)
{
	misc_deregister(&device);
	rex_fault_exit();
	rex_watchdog_exit();
	rex_levels_exit();
}

module_init(rex_init);
module_exit(rex_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Runs Rex extensions: images of safe Rust code at kprobes, tracepoints and perf events");
