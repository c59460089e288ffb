// SPDX-License-Identifier: GPL-2.0-only
//! ptrace(2), as far as tracing system calls needs it.

use std::io;
use std::mem;

use rex_abi::rex_pt_regs;

/// Signal of a system-call stop with `PTRACE_O_TRACESYSGOOD`.
pub const SYSCALL_STOP: i32 = libc::SIGTRAP | 0x80;
const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;

/// Where in a system call a tracee is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Before it, with its number; nothing for a call that is not of 64-bit x86.
    Entry(Option<u32>),
    /// After it, with its result.
    Exit(i64),
    /// Elsewhere.
    Other,
}

/// A change of state of a tracee of this thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Exited with a status.
    Exited(i32),
    /// Killed by a signal.
    Killed(i32),
    /// Stopped by a signal, with the event number of a ptrace event or 0.
    Stopped(i32, i32),
}

fn request(
    request: libc::c_uint,
    pid: i32,
    address: usize,
    data: usize,
) -> io::Result<libc::c_long> {
    // SAFETY: callers pass requests whose address and data are numbers or point to
    // structures of the size the request writes.
    let result = unsafe { libc::ptrace(request, pid, address, data) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// Follow everything the tracee starts, and kill all of it when this thread ends.
pub fn follow(pid: i32) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_EXITKILL
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC;
    request(libc::PTRACE_SETOPTIONS, pid, 0, options as usize).map(drop)
}

/// Lets a tracee run to its next stop, with a signal to deliver or 0.
pub fn resume(pid: i32, signal: i32) -> io::Result<()> {
    request(libc::PTRACE_SYSCALL, pid, 0, signal as usize).map(drop)
}

/// Lets a tracee run one instruction.
pub fn single_step(pid: i32) -> io::Result<()> {
    request(libc::PTRACE_SINGLESTEP, pid, 0, 0).map(drop)
}

/// Whether two processes have one address space. Without kcmp(2) the answer is no.
pub fn share_memory(one: i32, other: i32) -> bool {
    const KCMP_VM: libc::c_int = 1;
    // SAFETY: kcmp takes numbers only.
    unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0 }
}

/// Whether a stop is a group stop, which has no signal to deliver.
pub fn is_group_stop(pid: i32) -> bool {
    // SAFETY: an all-zero siginfo_t is valid.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    let result = request(libc::PTRACE_GETSIGINFO, pid, 0, (&raw mut info) as usize);
    result.is_err_and(|error| error.raw_os_error() == Some(libc::EINVAL))
}

/// What the system call of a tracee in a system-call stop is.
pub fn syscall(pid: i32) -> io::Result<At> {
    // SAFETY: an all-zero structure is valid.
    let mut info: libc::ptrace_syscall_info = unsafe { mem::zeroed() };
    let size = mem::size_of_val(&info);
    request(
        libc::PTRACE_GET_SYSCALL_INFO,
        pid,
        size,
        (&raw mut info) as usize,
    )?;
    Ok(match info.op {
        libc::PTRACE_SYSCALL_INFO_ENTRY => {
            // SAFETY: the operation says which member of the union is valid.
            let number = unsafe { info.u.entry.nr };
            let native = info.arch == AUDIT_ARCH_X86_64;
            At::Entry(u32::try_from(number).ok().filter(|_| native))
        }
        // SAFETY: as above.
        libc::PTRACE_SYSCALL_INFO_EXIT => At::Exit(unsafe { info.u.exit.sval }),
        _ => At::Other,
    })
}

/// Registers of a tracee.
pub struct Registers(libc::user_regs_struct);

impl Registers {
    /// Reads them.
    pub fn read(pid: i32) -> io::Result<Self> {
        // SAFETY: an all-zero structure is valid.
        let mut regs: libc::user_regs_struct = unsafe { mem::zeroed() };
        request(libc::PTRACE_GETREGS, pid, 0, (&raw mut regs) as usize)?;
        Ok(Self(regs))
    }

    /// Writes them back.
    pub fn write(&self, pid: i32) -> io::Result<()> {
        request(libc::PTRACE_SETREGS, pid, 0, (&raw const self.0) as usize).map(drop)
    }

    /// Makes the system call at whose entry the tracee is stopped not happen.
    pub fn skip_syscall(&mut self) {
        self.0.orig_rax = u64::MAX;
    }

    /// Sets the result of the system call at whose exit the tracee is stopped.
    pub fn set_result(&mut self, result: u64) {
        self.0.rax = result;
    }

    /// Sets the address of the next instruction.
    pub fn set_instruction(&mut self, address: u64) {
        self.0.rip = address;
    }

    /// Sets the stack pointer.
    pub fn set_stack(&mut self, address: u64) {
        self.0.rsp = address;
    }

    /// As a kprobe program sees them.
    pub fn pt_regs(&self) -> rex_pt_regs {
        let regs = &self.0;
        rex_pt_regs {
            r15: regs.r15,
            r14: regs.r14,
            r13: regs.r13,
            r12: regs.r12,
            rbp: regs.rbp,
            rbx: regs.rbx,
            r11: regs.r11,
            r10: regs.r10,
            r9: regs.r9,
            r8: regs.r8,
            rax: regs.rax,
            rcx: regs.rcx,
            rdx: regs.rdx,
            rsi: regs.rsi,
            rdi: regs.rdi,
            orig_rax: regs.orig_rax,
            rip: regs.rip,
            cs: regs.cs,
            eflags: regs.eflags,
            rsp: regs.rsp,
            ss: regs.ss,
        }
    }
}

/// Waits for a tracee or child of this thread: `pid`, or any for -1. Nothing if there are
/// none left. `leaves` is called with the number of one that ended while it is still its
/// own, before it is reaped.
pub fn wait(pid: i32, leaves: impl Fn(i32)) -> io::Result<Option<(i32, Change)>> {
    let Some(pid) = peek(pid, leaves)? else {
        return Ok(None);
    };
    let mut status = 0;
    loop {
        // SAFETY: the pointer is valid.
        let result =
            unsafe { libc::waitpid(pid, &raw mut status, libc::__WALL | libc::__WNOTHREAD) };
        if result >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::ECHILD) => return Ok(None),
            _ => return Err(error),
        }
    }
    let change = if libc::WIFEXITED(status) {
        Change::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Change::Killed(libc::WTERMSIG(status))
    } else {
        Change::Stopped(libc::WSTOPSIG(status), status >> 16)
    };
    Ok(Some((pid, change)))
}

/// The process whose state changes next, which is not yet reaped.
fn peek(pid: i32, leaves: impl Fn(i32)) -> io::Result<Option<i32>> {
    let (kind, id) = match u32::try_from(pid) {
        Ok(id) => (libc::P_PID, id),
        Err(_) => (libc::P_ALL, 0),
    };
    let options = libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::__WALL | libc::__WNOTHREAD;
    loop {
        // SAFETY: an all-zero siginfo_t is valid.
        let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
        // SAFETY: the pointer is valid.
        if unsafe { libc::waitid(kind, id, &raw mut info, options) } == 0 {
            // SAFETY: waitid fills si_pid.
            let found = unsafe { info.si_pid() };
            if [libc::CLD_EXITED, libc::CLD_KILLED, libc::CLD_DUMPED].contains(&info.si_code) {
                leaves(found);
            }
            return Ok(Some(found));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::ECHILD) => return Ok(None),
            _ => return Err(error),
        }
    }
}
