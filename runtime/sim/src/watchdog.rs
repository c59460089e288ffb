// SPDX-License-Identifier: GPL-2.0-only
//! The time budget: one thread that looks at every runner and knocks at those that have
//! been in one run for too long.
//!
//! A run costs its runner one store at each end; the watchdog measures the time itself, as
//! the thread's CPU time: in a kernel a program is not preempted, so what other processes
//! take from the thread here must not count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use crate::imports::clock;
use crate::signals;

/// How often runners are looked at; a run ends at most two of these past its budget.
pub const TICK: Duration = Duration::from_millis(4);

/// What the watchdog sees of one runner.
#[derive(Debug)]
pub struct Watch {
    /// Odd while a run is under way.
    sequence: AtomicU64,
    budget_ns: AtomicU64,
    thread: i32,
}

struct Watched {
    watch: Arc<Watch>,
    seen: u64,
    /// CPU time of the thread when this number was seen first, in nanoseconds.
    since: u64,
}

struct Watchdog {
    watched: Mutex<Vec<Watched>>,
    some: Condvar,
}

static WATCHDOG: Watchdog = Watchdog {
    watched: Mutex::new(Vec::new()),
    some: Condvar::new(),
};

impl Watch {
    /// Watches the current thread until the guard is dropped.
    pub fn start(budget: Duration) -> WatchGuard {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let started = thread::Builder::new()
                .name("watchdog".into())
                .spawn(watch_all);
            started.expect("the watchdog thread starts");
        });
        let watch = Arc::new(Self {
            sequence: AtomicU64::new(0),
            budget_ns: AtomicU64::new(nanoseconds(budget)),
            // SAFETY: gettid has no preconditions.
            thread: unsafe { libc::gettid() },
        });
        let entry = Watched {
            watch: Arc::clone(&watch),
            seen: 0,
            since: 0,
        };
        watched().push(entry);
        WATCHDOG.some.notify_one();
        WatchGuard(watch)
    }

    /// Changes the budget of the runs to come.
    pub fn set_budget(&self, budget: Duration) {
        self.budget_ns.store(nanoseconds(budget), Ordering::Relaxed);
    }

    /// A run begins or ends.
    pub fn turn(&self) {
        // Only the watched thread writes.
        let next = self.sequence.load(Ordering::Relaxed) + 1;
        self.sequence.store(next, Ordering::Relaxed);
    }
}

/// Keeps a thread watched.
pub struct WatchGuard(pub Arc<Watch>);

impl Drop for WatchGuard {
    fn drop(&mut self) {
        watched().retain(|entry| !Arc::ptr_eq(&entry.watch, &self.0));
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn watched() -> MutexGuard<'static, Vec<Watched>> {
    WATCHDOG
        .watched
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn watch_all() {
    loop {
        let mut entries = watched();
        while entries.is_empty() {
            entries = WATCHDOG
                .some
                .wait(entries)
                .unwrap_or_else(PoisonError::into_inner);
        }
        for entry in entries.iter_mut() {
            let sequence = entry.watch.sequence.load(Ordering::Relaxed);
            if sequence != entry.seen {
                entry.seen = sequence;
                entry.since = cpu_time(entry.watch.thread);
                continue;
            }
            if sequence.is_multiple_of(2) {
                continue;
            }
            let spent = cpu_time(entry.watch.thread).saturating_sub(entry.since);
            if spent >= entry.watch.budget_ns.load(Ordering::Relaxed) {
                // SAFETY: the thread is alive, because it takes itself off the list, under
                // the lock held here, before it ends.
                unsafe {
                    libc::syscall(
                        libc::SYS_tgkill,
                        libc::getpid(),
                        entry.watch.thread,
                        signals::knock(),
                    );
                }
            }
        }
        drop(entries);
        thread::sleep(TICK);
    }
}

/// CPU time of a thread of this process in nanoseconds.
fn cpu_time(thread: i32) -> u64 {
    // Number of a thread's clock (clock_getcpuclockid(3), kernel posix-timers.h): the
    // inverted thread id, then the bits for one thread and for scheduler time.
    clock((!thread << 3) | 6)
}
