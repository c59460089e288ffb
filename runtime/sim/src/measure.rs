// SPDX-License-Identifier: GPL-2.0-only
//! What one run costs, without a source around it: as `BPF_PROG_TEST_RUN` with a repeat
//! count does it for the kernel's own programs. In time, and in stack.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rex_image::{Image, ProgramKind};

use crate::error::{Failure, Kind};
use crate::invocation::Environment;
use crate::object::{Budgets, Object};
use crate::packet::{Ingress, Packet};
use crate::runner::Runner;
use crate::stack::{STACK, Stack};

/// Stack that one run used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackUse {
    /// Bytes below what the dispatcher keeps, to the deepest one that was written. Helpers
    /// ran on another stack.
    pub bytes: u64,
    /// Whether the run was ended.
    pub stopped: bool,
}

/// Runs a program once on a context of zeros, or a packet of zeros and `length` bytes, in
/// this process; says how much stack it wrote.
///
/// # Errors
/// The image cannot be loaded, or there is no such program.
pub fn stack(image: Image, program: &str, length: usize) -> Result<StackUse, Failure> {
    let unavailable =
        |error: std::io::Error| Failure::new(Kind::TargetUnavailable, error.to_string());
    let helpers = Stack::new(STACK).map_err(unavailable)?;
    let (budgets, sink) = (Budgets::default(), Box::new(|_| ()));
    let object = Object::load_with_helpers_on(image, budgets, sink, Some(helpers.top()))?;
    let object = Arc::new(object);
    let index = object.program(program).ok_or_else(|| {
        Failure::new(
            Kind::NoSuchObject,
            format!("there is no program `{program}`"),
        )
    })?;
    let mut runner = Runner::new(Arc::clone(&object)).map_err(unavailable)?;
    let packet = Packet::new(&vec![0; length], Ingress::default());
    let mut zeros = vec![0_u128; CONTEXT / size_of::<u128>()];
    let context: *mut () = match object.image.programs[index].kind {
        ProgramKind::Xdp => packet.context().cast(),
        ProgramKind::Tc => packet.traffic().cast(),
        _ => zeros.as_mut_ptr().cast(),
    };
    let environment = Environment {
        packet: Some(&packet),
        ..Environment::EMPTY
    };
    runner.fill_stack();
    // SAFETY: the context is of the program's kind, or zeros of at least its size, which are
    // valid for every kind; both live until the end of this function.
    let run = unsafe { runner.run(index, context, &environment) };
    Ok(StackUse {
        bytes: runner.stack_used(),
        stopped: run.stopped,
    })
}

/// Bytes of zeros: more than any context is long, aligned to 16.
const CONTEXT: usize = 4096;

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
