// SPDX-License-Identifier: GPL-2.0-only
//! What one run costs, without a source around it: as `BPF_PROG_TEST_RUN` with a repeat
//! count does it for the kernel's own programs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rex_image::{Image, ProgramKind};

use crate::error::{Failure, Kind};
use crate::invocation::Environment;
use crate::object::{Budgets, Object};
use crate::packet::{Ingress, Packet};
use crate::runner::Runner;

/// Bytes of the packet, all zero.
const PACKET: usize = 64;

/// Runs an XDP program `repeat` times on one packet in this process; gives the time of a
/// run.
///
/// # Errors
/// The image cannot be loaded, there is no such XDP program, or it was ended.
pub fn xdp(image: Image, program: &str, repeat: u32) -> Result<Duration, Failure> {
    let object = Object::load(image, Budgets::default(), Box::new(|_| ()))?;
    let object = Arc::new(object);
    let index = object
        .program(program)
        .filter(|index| object.image.programs[*index].kind == ProgramKind::Xdp)
        .ok_or_else(|| {
            Failure::new(
                Kind::NoSuchObject,
                format!("there is no XDP program `{program}`"),
            )
        })?;
    let mut runner = Runner::new(Arc::clone(&object))
        .map_err(|error| Failure::new(Kind::TargetUnavailable, error.to_string()))?;
    let packet = Packet::new(&[0; PACKET], Ingress::default());
    let environment = Environment {
        packet: Some(&packet),
        ..Environment::EMPTY
    };
    let start = Instant::now();
    for _ in 0..repeat.max(1) {
        // SAFETY: XDP programs take this context, which the packet keeps valid.
        let run = unsafe { runner.run(index, packet.context().cast(), &environment) };
        if run.stopped {
            let message = format!("program `{program}` was ended");
            return Err(Failure::new(Kind::Unsupported, message));
        }
    }
    Ok(start.elapsed() / repeat.max(1))
}
