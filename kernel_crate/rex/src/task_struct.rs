// SPDX-License-Identifier: GPL-2.0-only
//! Tasks.

use core::cell::OnceCell;
use core::ffi::{CStr, FromBytesUntilNulError};
use core::marker::PhantomData;
use core::ops::Deref;

use crate::abi::rex_pt_regs;
use crate::ffi;
use crate::pt_regs::PtRegs;
use crate::utils::NoRef;

/// A task, valid until the invocation ends.
///
/// ```
/// use rex::kprobe::kprobe;
///
/// fn thread_and_process(obj: &kprobe) -> Option<(i32, i32)> {
///     let task = obj.bpf_get_current_task()?;
///     Some((task.get_pid(), task.get_tgid()))
/// }
/// ```
pub struct TaskStruct {
    /// What the target calls the task; not an address of kernel memory.
    handle: u64,
    /// The name as it was when it was first asked for: the kernel changes it in place.
    comm: OnceCell<[u8; 16]>,
    /// Belongs to the invocation that asked for it.
    not_send: PhantomData<*mut ()>,
}

impl !NoRef for TaskStruct {}

/// Registers of a task that has none, such as a kernel thread.
static NO_REGISTERS: PtRegs = PtRegs {
    regs: rex_pt_regs {
        r15: 0,
        r14: 0,
        r13: 0,
        r12: 0,
        rbp: 0,
        rbx: 0,
        r11: 0,
        r10: 0,
        r9: 0,
        r8: 0,
        rax: 0,
        rcx: 0,
        rdx: 0,
        rsi: 0,
        rdi: 0,
        orig_rax: 0,
        rip: 0,
        cs: 0,
        eflags: 0,
        rsp: 0,
        ss: 0,
    },
};

impl TaskStruct {
    fn from_handle(handle: u64) -> Option<Self> {
        (handle != 0).then(|| Self {
            handle,
            comm: OnceCell::new(),
            not_send: PhantomData,
        })
    }

    #[inline(always)]
    pub(crate) fn current() -> Option<Self> {
        // SAFETY: Takes nothing and has no precondition.
        Self::from_handle(unsafe { ffi::rex_task_current() })
    }

    /// The thread id: what the kernel calls `pid`.
    ///
    /// Helper: `rex_task_pid`. Cannot fail.
    ///
    /// Kprobe, uprobe, tracepoint and perf event programs.
    ///
    /// ```
    /// use rex::task_struct::TaskStruct;
    ///
    /// fn of(task: &TaskStruct) -> i32 {
    ///     task.get_pid()
    /// }
    /// ```
    #[inline(always)]
    pub fn get_pid(&self) -> i32 {
        // SAFETY: The handle names a live task until the invocation ends.
        unsafe { ffi::rex_task_pid(self.handle) }
    }

    /// The process id: what the kernel calls `tgid`.
    ///
    /// Helper: `rex_task_tgid`. Cannot fail.
    ///
    /// Kprobe, uprobe, tracepoint and perf event programs.
    ///
    /// ```
    /// use rex::task_struct::TaskStruct;
    ///
    /// fn of(task: &TaskStruct) -> i32 {
    ///     task.get_tgid()
    /// }
    /// ```
    #[inline(always)]
    pub fn get_tgid(&self) -> i32 {
        // SAFETY: As for `get_pid`.
        unsafe { ffi::rex_task_tgid(self.handle) }
    }

    /// Time spent in user mode in nanoseconds.
    ///
    /// Helper: `rex_task_utime`. Cannot fail.
    ///
    /// Kprobe, uprobe, tracepoint and perf event programs.
    ///
    /// ```
    /// use rex::task_struct::TaskStruct;
    ///
    /// fn of(task: &TaskStruct) -> u64 {
    ///     task.get_utime()
    /// }
    /// ```
    #[inline(always)]
    pub fn get_utime(&self) -> u64 {
        // SAFETY: As for `get_pid`.
        unsafe { ffi::rex_task_utime(self.handle) }
    }

    /// The task's name, at most 15 bytes, as it was when it was first asked for.
    ///
    /// Helper: `rex_task_comm`. An error if the target gave no NUL-terminated name.
    ///
    /// Kprobe, uprobe, tracepoint and perf event programs. `Err` if no NUL is found.
    ///
    /// ```
    /// use rex::task_struct::TaskStruct;
    ///
    /// fn is_a_shell(task: &TaskStruct) -> bool {
    ///     task.get_comm().is_ok_and(|comm| comm == c"sh")
    /// }
    /// ```
    pub fn get_comm(&self) -> core::result::Result<&CStr, FromBytesUntilNulError> {
        let comm = self.comm.get_or_init(|| {
            let mut name = [0; 16];
            // SAFETY: As for `get_pid`; `name` is valid for writes of 16 bytes.
            unsafe { ffi::rex_task_comm(self.handle, &raw mut name) };
            name
        });
        CStr::from_bytes_until_nul(comm)
    }

    /// The registers the task had when it entered the kernel; all zero for a task without
    /// user mode, such as a kernel thread.
    ///
    /// Helper: `rex_task_regs`. Cannot fail.
    ///
    /// Kprobe, uprobe, tracepoint and perf event programs.
    ///
    /// ```
    /// use rex::task_struct::TaskStruct;
    ///
    /// fn first_argument(task: &TaskStruct) -> u64 {
    ///     task.get_pt_regs().rdi()
    /// }
    /// ```
    pub fn get_pt_regs(&self) -> &'static PtRegs {
        // SAFETY: As for `get_pid`. The target answers null or a copy that stays until the
        // invocation ends, so it may outlive an owned task.
        unsafe { ffi::rex_task_regs(self.handle).cast::<PtRegs>().as_ref() }
            .unwrap_or(&NO_REGISTERS)
    }
}

/// A task with a reference of its own, given back when this is dropped.
///
/// ```
/// use rex::task_struct::OwnedTaskStruct;
///
/// fn process_of(pid: i32) -> Option<i32> {
///     Some(OwnedTaskStruct::from_pid(pid)?.get_tgid())
/// }
/// ```
pub struct OwnedTaskStruct {
    task: TaskStruct,
}

impl !NoRef for OwnedTaskStruct {}

impl OwnedTaskStruct {
    /// Finds a task by thread id.
    ///
    /// Helper: `rex_task_from_pid`. `None` if there is none. The runtime gives the
    /// reference back if the program is ended; a program that holds more than 64 resources
    /// is ended.
    ///
    /// Kprobe, uprobe, tracepoint and perf event programs.
    ///
    /// ```
    /// use rex::task_struct::OwnedTaskStruct;
    ///
    /// fn lives(pid: i32) -> bool {
    ///     OwnedTaskStruct::from_pid(pid).is_some()
    /// }
    /// ```
    pub fn from_pid(pid: i32) -> Option<Self> {
        // SAFETY: Takes a number only.
        TaskStruct::from_handle(unsafe { ffi::rex_task_from_pid(pid) }).map(|task| Self { task })
    }
}

impl Deref for OwnedTaskStruct {
    type Target = TaskStruct;

    fn deref(&self) -> &TaskStruct {
        &self.task
    }
}

impl Drop for OwnedTaskStruct {
    fn drop(&mut self) {
        // SAFETY: `from_pid` took this reference.
        unsafe { ffi::rex_task_put(self.task.handle) }
    }
}
