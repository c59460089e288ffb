// SPDX-License-Identifier: GPL-2.0-only
//! The user-space target of Rex: places an image in this process and runs its programs on
//! system calls of a child, packets and timers, with the guarantees of the runtime
//! contract: panics, stack and time budgets, faults and leaks end in a report.
//!
//! An object lives in a worker process of its own, so that a fault of this code or a wild
//! write is a report too.

mod backtrace;
mod dispatch;
mod errno;
pub mod error;
mod event;
mod hooks;
mod imports;
mod invocation;
mod maps;
mod near;
mod object;
mod packet;
mod place;
mod report;
mod resources;
mod runner;
mod signals;
mod stack;
mod stop;
mod stubs;
mod syscalls;
mod task;
mod thread;
mod watchdog;
mod window;

pub use imports::LIMITS;
