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
mod listing;
mod map_requests;
mod maps;
pub mod measure;
// One list of near names for the runtime and the attributes.
#[path = "../../../kernel_crate/rex-macros/src/near.rs"]
mod near;
mod object;
mod packet;
mod place;
mod report;
mod resources;
mod runner;
mod signals;
mod source;
mod stack;
mod stop;
mod stubs;
mod symbols;
mod syscalls;
mod task;
mod thread;
mod watchdog;
mod window;
pub mod wire;
pub mod worker;

pub use imports::{LIMITS, now_ns};

/// Whether programs can run here; if not, why.
pub fn availability() -> Result<(), String> {
    window::Window::map(window::PAGE)
        .map(drop)
        .map_err(|error| error.to_string())
}
