// SPDX-License-Identifier: GPL-2.0-only
//! Running programs on the current thread.

use std::io;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dispatch;
use crate::imports;
use crate::invocation::{Environment, Invocation};
use crate::object::Object;
use crate::report;
use crate::resources::{Held, Resource};
use crate::signals::{self, SignalStack};
use crate::stack::{BUDGET, KEPT, STACK, Stack};
use crate::thread::{self, EXTENSION, OFF};
use crate::watchdog::{Watch, WatchGuard};

/// Simulated CPUs: as many sources can run programs of one object at once.
pub const CPUS: usize = 8;
/// After this many runs, one in this many has its time taken.
const TIMED: u64 = 16;

static CPUS_TAKEN: Mutex<[bool; CPUS]> = Mutex::new([false; CPUS]);

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The program's result, or its default verdict if it was ended.
    pub value: u32,
    /// What it overrode the probed function's return with.
    pub overridden: Option<u64>,
    /// Whether it was ended.
    pub stopped: bool,
}

struct Cpu(usize);

impl Cpu {
    fn claim() -> Option<Self> {
        let mut taken = CPUS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let free = taken.iter().position(|taken| !taken)?;
        taken[free] = true;
        Some(Self(free))
    }
}

impl Drop for Cpu {
    fn drop(&mut self) {
        CPUS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner)[self.0] = false;
    }
}

/// A thread that runs the programs of one object.
///
/// # Invariants
/// Stays on the thread that made it; the thread's slot points at its invocation.
pub struct Runner {
    invocation: Box<Invocation>,
    watch: WatchGuard,
    _signal_stack: SignalStack,
    stack: Stack,
    _cpu: Cpu,
    _thread: PhantomData<*const ()>,
}

impl Runner {
    /// Makes the current thread one that runs programs.
    pub fn new(object: Arc<Object>) -> io::Result<Self> {
        signals::install();
        let Some(cpu) = Cpu::claim() else {
            return Err(io::Error::other(format!(
                "all {CPUS} simulated CPUs are in use"
            )));
        };
        let stack = Stack::new(STACK)?;
        let signal_stack = SignalStack::install()?;
        let watch = Watch::start(object.budgets.task);
        let number = u32::try_from(cpu.0).unwrap_or(0);
        let invocation = Box::new(Invocation::new(object, number, stack.bottom(), stack.top()));
        let slot = thread::slot();
        slot.invocation
            .store((&raw const *invocation).cast_mut(), Ordering::Relaxed);
        Ok(Self {
            invocation,
            watch,
            _signal_stack: signal_stack,
            stack,
            _cpu: cpu,
            _thread: PhantomData,
        })
    }

    /// Runs a program once and reports what there is to report.
    ///
    /// # Safety
    /// `context` must point to a context of the program's kind, which stays valid and is
    /// not otherwise used until the call returns.
    pub unsafe fn run(
        &mut self,
        program: usize,
        context: *mut (),
        environment: &Environment<'_>,
    ) -> Run {
        let object = &*self.invocation.object;
        let (declared, state) = (&object.image.programs[program], &object.programs[program]);
        if state.dead.load(Ordering::Relaxed) {
            state.missed.fetch_add(1, Ordering::Relaxed);
            return Run {
                value: declared.default_verdict,
                overridden: None,
                stopped: false,
            };
        }
        let invocation = &*self.invocation;
        invocation.program.set(program);
        let pointer = |option: Option<*const _>| option.unwrap_or(std::ptr::null());
        invocation
            .task
            .set(pointer(environment.task.map(|task| &raw const *task)));
        invocation.regs.set(
            environment
                .regs
                .map_or(std::ptr::null(), |regs| &raw const *regs),
        );
        invocation
            .packet
            .set(environment.packet.map_or(std::ptr::null(), |packet| packet));
        invocation.context.set(context);
        invocation.record_len.set(environment.record_len);
        invocation.may_override.set(environment.may_override);
        invocation.overridden.set(None);
        invocation.stop.set(None);
        invocation.panic.begun.set(false);
        self.watch.0.set_budget(object.budget(declared.kind));
        let runs = state.runs.fetch_add(1, Ordering::Relaxed);
        let timed = runs < TIMED || runs.is_multiple_of(TIMED);
        let started = timed.then(imports::now_ns);
        let slot = thread::slot();
        let limit = invocation.top - KEPT - BUDGET;
        slot.limit.store(limit, Ordering::Relaxed);
        let entry = object.placed.run_time(declared.entry);
        self.watch.0.turn();
        slot.phase.store(EXTENSION, Ordering::Relaxed);
        // SAFETY: the entry is a function of the placed image, the stack is this runner's
        // and no other run is under way on this thread; the context is the caller's
        // promise.
        let value = unsafe { dispatch::dispatch(context, entry, invocation.top) };
        slot.phase.store(OFF, Ordering::Relaxed);
        self.watch.0.turn();
        if let Some(started) = started {
            let time = imports::now_ns() - started;
            state.timed_runs.fetch_add(1, Ordering::Relaxed);
            state.timed_ns.fetch_add(time, Ordering::Relaxed);
        }
        invocation.task.set(std::ptr::null());
        invocation.regs.set(std::ptr::null());
        invocation.packet.set(std::ptr::null());
        invocation.context.set(std::ptr::null());
        let stop = invocation.stop.take();
        if stop.is_none() && invocation.resources.is_empty() {
            let overridden = invocation.overridden.get();
            return Run {
                value: value as u32,
                overridden,
                stopped: false,
            };
        }
        let held = self.release();
        let Some(stop) = stop else {
            for held in held {
                object.report("leak", program, report::leak(object, held));
            }
            let overridden = invocation.overridden.get();
            return Run {
                value: value as u32,
                overridden,
                stopped: false,
            };
        };
        let (event, fields) = report::stop(object, invocation, stop);
        object.report(event, program, fields);
        object.kill(program);
        Run {
            value: declared.default_verdict,
            overridden: None,
            stopped: true,
        }
    }

    /// Fills the program stack with a pattern.
    pub fn fill_stack(&mut self) {
        self.stack.fill();
    }

    /// Bytes between what the dispatcher keeps of the program stack and the deepest one that
    /// does not hold the pattern any more.
    pub fn stack_used(&self) -> u64 {
        (self.stack.top() - KEPT).saturating_sub(self.stack.deepest())
    }

    /// Releases everything the run holds, and says what that was.
    fn release(&self) -> Vec<Held> {
        let held = self.invocation.resources.drain();
        for held in &held {
            match held.resource {
                // SAFETY: the lock lies in a map of this object, which is still loaded, or on
                // this runner's stack.
                Resource::Lock(lock) => unsafe {
                    imports::release_lock(lock, self.invocation.cpu);
                },
                Resource::Record(map, record) => {
                    if let Some(ring) = self.invocation.object.maps[map].ring() {
                        ring.commit(record as *mut u8, true);
                    }
                }
                Resource::Task(_) => {}
            }
        }
        held
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        thread::slot()
            .invocation
            .store(std::ptr::null_mut(), Ordering::Relaxed);
    }
}
