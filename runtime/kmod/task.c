// SPDX-License-Identifier: GPL-2.0-only
/* Tasks. A handle is a task's address, and is one that this run was given. */

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/uidgid.h>

#include "helpers.h"

static struct task_struct *task_of(u64 handle)
{
	struct task_struct *task = (struct task_struct *)handle;

	if (task == current)
		return task;
	return rex_resource_find(rex_level(), REX_RESOURCE_TASK, handle) ? task : NULL;
}

u64 do_rex_task_current(void)
{
	return (u64)current;
}

s32 do_rex_task_pid(u64 handle)
{
	struct task_struct *task = task_of(handle);

	return task ? task->pid : -EINVAL;
}

s32 do_rex_task_tgid(u64 handle)
{
	struct task_struct *task = task_of(handle);

	return task ? task->tgid : -EINVAL;
}

u64 do_rex_task_utime(u64 handle)
{
	struct task_struct *task = task_of(handle);

	return task ? task->utime : 0;
}

s64 do_rex_task_comm(u64 handle, u8 (*out)[16])
{
	struct task_struct *task = task_of(handle);

	memset(*out, 0, sizeof(*out));
	if (!task)
		return -EINVAL;
	/* Another CPU may be writing it: the last byte is ours. */
	memcpy(*out, task->comm, sizeof(*out) - 1);
	return 0;
}

const struct pt_regs *do_rex_task_regs(u64 handle)
{
	struct task_struct *task = task_of(handle);

	/* Of another task they may change, and go with its stack. */
	if (!task || task != current || task->flags & PF_KTHREAD)
		return NULL;
	return task_pt_regs(task);
}

u64 do_rex_task_from_pid(s32 pid)
{
	struct rex_level *level = rex_level();
	struct task_struct *task;

	/* The last reference cannot be given back there. */
	if (in_nmi())
		return 0;
	rex_need_slot(level);
	task = get_pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task)
		rex_resource_add(level, REX_RESOURCE_TASK, (unsigned long)task);
	return (u64)task;
}

void do_rex_task_put(u64 handle)
{
	struct rex_level *level = rex_level();
	struct rex_resource *held = rex_resource_find(level, REX_RESOURCE_TASK, handle);

	if (!held)
		return;
	rex_resource_remove(level, held);
	put_task_struct((struct task_struct *)handle);
}

u64 do_rex_uid_gid(void)
{
	kuid_t uid;
	kgid_t gid;

	current_uid_gid(&uid, &gid);
	return (u64)from_kgid(&init_user_ns, gid) << 32 | from_kuid(&init_user_ns, uid);
}

u64 do_rex_cgroup_id(void)
{
	return rex_kernel.current_cgroup_id(0, 0, 0, 0, 0);
}

s64 do_rex_send_signal(u32 signal, u32 thread)
{
	if (thread)
		return rex_kernel.send_signal_thread(signal, 0, 0, 0, 0);
	return rex_kernel.send_signal(signal, 0, 0, 0, 0);
}
