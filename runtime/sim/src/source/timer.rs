// SPDX-License-Identifier: GPL-2.0-only
//! Samples at a fixed rate, for perf event programs.

use std::time::{Duration, Instant};

use rex_abi::rex_perf_ctx;

use super::{End, Prepared};
use crate::error::{Failure, Kind};
use crate::hooks::Hook;
use crate::invocation::Environment;
use crate::task::Task;

const FASTEST: u32 = 10_000;

/// Checks rate and count.
pub fn prepare(hz: u32, count: u64) -> Result<Prepared, Failure> {
    if hz == 0 || hz > FASTEST || count == 0 {
        let message = format!(
            "a timer takes 1 to {FASTEST} samples a second and at least one, not {hz} and {count}"
        );
        return Err(Failure::new(Kind::SourceFailed, message));
    }
    let period = Duration::from_secs(1) / hz;
    Ok(Box::new(move |context| {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        let task = Task {
            pid,
            tgid: pid,
            ..Task::default()
        };
        let mut next = Instant::now();
        for _ in 0..count {
            next += period;
            context
                .stopper
                .sleep(next.saturating_duration_since(Instant::now()));
            if context.stopper.asked() {
                break;
            }
            let links = context.object.links();
            let mut any = false;
            for link in links.iter().filter(|link| link.hook == Hook::Sample) {
                any = true;
                let mut sample = rex_perf_ctx {
                    sample_period: u64::try_from(period.as_nanos()).unwrap_or(u64::MAX),
                    ..rex_perf_ctx::default()
                };
                let environment = Environment {
                    task: Some(&task),
                    ..Environment::EMPTY
                };
                // SAFETY: perf event programs take this context, which outlives the call.
                unsafe {
                    context
                        .runner
                        .run(link.program, (&raw mut sample).cast(), &environment)
                };
            }
            if !any {
                return Some(End::failed("no program is attached any more"));
            }
        }
        Some(End::default())
    }))
}
