// SPDX-License-Identifier: GPL-2.0-only
//! Signal handlers: CPU faults of programs and the watchdog's knock.

use std::io;
use std::mem;
use std::sync::Once;
use std::sync::atomic::Ordering;

use crate::dispatch;
use crate::invocation::Invocation;
use crate::stack::Stack;
use crate::stop::{self, Reason};
use crate::thread::{self, EXTENSION, HELPER, KILL};

/// Bytes of a thread's signal stack.
const ALTERNATE: u64 = 64 * 1024;
const FAULTS: [i32; 5] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
];

/// The signal with which the watchdog interrupts a thread.
pub fn knock() -> i32 {
    libc::SIGRTMIN() + 1
}

/// Installs the handlers once per process.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in FAULTS {
            handle(signal, on_fault, libc::SA_NODEFER);
        }
        handle(knock(), on_knock, libc::SA_RESTART);
    });
}

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

fn handle(signal: i32, handler: Handler, flags: i32) {
    // SAFETY: an all-zero sigaction is valid, and the handler has the signature that
    // SA_SIGINFO asks for and does only async-signal-safe things.
    let result = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut())
    };
    assert_eq!(result, 0, "signal {signal} cannot be handled");
}

/// A signal stack for the current thread, given back on drop.
pub struct SignalStack {
    _stack: Stack,
    previous: libc::stack_t,
}

impl SignalStack {
    /// Sets the thread's signal stack.
    pub fn install() -> io::Result<Self> {
        let stack = Stack::new(ALTERNATE)?;
        let new = libc::stack_t {
            ss_sp: stack.bottom() as *mut libc::c_void,
            ss_flags: 0,
            ss_size: ALTERNATE as usize,
        };
        // SAFETY: an all-zero stack_t is valid; the new stack lives as long as this value.
        let mut previous = unsafe { mem::zeroed::<libc::stack_t>() };
        // SAFETY: both point to valid structures.
        if unsafe { libc::sigaltstack(&raw const new, &raw mut previous) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            _stack: stack,
            previous,
        })
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        // SAFETY: restores what was there; the thread is not running on our stack, because
        // this is not a signal handler.
        unsafe { libc::sigaltstack(&raw const self.previous, std::ptr::null_mut()) };
    }
}

/// The interrupted registers.
struct Interrupted<'a>(&'a mut libc::ucontext_t);

impl Interrupted<'_> {
    fn get(&self, register: i32) -> u64 {
        self.0.uc_mcontext.gregs[register as usize] as u64
    }

    fn set(&mut self, register: i32, value: u64) {
        self.0.uc_mcontext.gregs[register as usize] = value as i64;
    }

    /// Ends the run when the handler returns.
    fn end(&mut self, invocation: &Invocation, reason: Reason) {
        thread::slot().phase.store(HELPER, Ordering::Relaxed);
        stop::note(
            invocation,
            reason,
            true,
            &[self.get(libc::REG_RIP)],
            self.get(libc::REG_RBP),
        );
        self.set(libc::REG_RIP, dispatch::landing_pad as *const () as u64);
        self.set(libc::REG_RSP, invocation.top - 16);
        self.set(libc::REG_RAX, 0);
    }
}

extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes valid structures to an SA_SIGINFO handler.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<libc::ucontext_t>()) };
    let mut interrupted = Interrupted(context);
    let phase = thread::slot().phase.load(Ordering::Relaxed);
    // A positive code means that the kernel raised it, not another process.
    if phase == EXTENSION
        && info.si_code > 0
        && let Some(invocation) = thread::invocation()
    {
        let address = match signal {
            // SAFETY: for these signals the kernel fills si_addr.
            libc::SIGSEGV | libc::SIGBUS => unsafe { info.si_addr() as u64 },
            _ => 0,
        };
        interrupted.end(invocation, Reason::Fault { signal, address });
        return;
    }
    // Not a program's fault: die of it as if there were no handler.
    // SAFETY: an all-zero sigaction is the default action.
    unsafe {
        let action: libc::sigaction = mem::zeroed();
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        if info.si_code <= 0 {
            libc::raise(signal);
        }
    }
}

extern "C" fn on_knock(_signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let slot = thread::slot();
    let Some(invocation) = thread::invocation() else {
        return;
    };
    match slot.phase.load(Ordering::Relaxed) {
        HELPER => slot.phase.store(KILL, Ordering::Relaxed),
        EXTENSION => {
            // SAFETY: the kernel passes a valid context to an SA_SIGINFO handler.
            let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
            let mut interrupted = Interrupted(context);
            // Elsewhere means on the way into or out of a helper: the next knock finds it.
            if invocation.in_code(interrupted.get(libc::REG_RIP)) {
                interrupted.end(invocation, Reason::Budget);
            }
        }
        _ => {}
    }
}
