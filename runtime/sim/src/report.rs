// SPDX-License-Identifier: GPL-2.0-only
//! A stop in words: what happened, where, and through which calls.

use std::path::Path;

use rex_image::{Frame, ProgramKind};
use serde_json::{Value, json};

use crate::invocation::Invocation;
use crate::object::Object;
use crate::resources::Held;
use crate::stack::BUDGET;
use crate::stop::{Reason, Stop};

/// Kind and fields of the event of a stop.
pub fn stop(object: &Object, invocation: &Invocation, stop: Stop) -> (&'static str, Value) {
    let kind = object.image.programs[invocation.program.get()].kind;
    let (event, message) = words(object, invocation, stop.reason, kind);
    let mut frames = trace(object, invocation, stop.exact);
    let mut place = None;
    if invocation.panic.begun.get() {
        let panic = &invocation.panic;
        // SAFETY: the run is over, so nothing else uses the buffers of this thread.
        let file = unsafe { &(&*panic.file.get())[..panic.file_len.get()] };
        let file = String::from_utf8_lossy(file).into_owned();
        let (line, column) = (panic.line.get(), panic.column.get());
        // The frames above the panicking line are the panic machinery itself.
        let own = |frame: &Frame| frame.line == line && same_file(&frame.file, &file);
        let mut spelled = file.trim_start_matches("./").to_owned();
        if let Some(first) = frames.iter().position(own) {
            frames.drain(..first);
            // One spelling of the file for the place and for the trace.
            spelled.clone_from(&frames[0].file);
        }
        place = Some((spelled, line, column));
    }
    let (file, line, column) = place.unwrap_or_else(|| {
        let frame = frames
            .iter()
            .find(|frame| !frame.file.starts_with('/'))
            .or(frames.first());
        frame.map_or_else(Default::default, |frame| {
            (frame.file.clone(), frame.line, frame.column)
        })
    });
    let frames: Vec<Value> = frames.iter().map(frame).collect();
    let fields = json!({
        "message": message, "file": file, "line": line, "column": column, "frames": frames,
    });
    (event, fields)
}

/// Fields of the event of a leak.
pub fn leak(object: &Object, held: Held) -> Value {
    let frames = object
        .image
        .source_map
        .locate(object.placed.link_time(held.at).wrapping_sub(1));
    // The crate's own frames come first: the line to blame is the extension's.
    let frame = frames
        .iter()
        .find(|frame| !frame.file.starts_with('/'))
        .or(frames.first());
    let (file, line, column) = frame.map_or(("", 0, 0), |frame| {
        (frame.file.as_str(), frame.line, frame.column)
    });
    json!({ "resource": held.resource.name(), "file": file, "line": line, "column": column })
}

/// Whether two spellings mean one file: either may be relative to somewhere inside the
/// other.
fn same_file(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_start_matches("./"), b.trim_start_matches("./"));
    Path::new(a).ends_with(b) || Path::new(b).ends_with(a)
}

fn frame(frame: &Frame) -> Value {
    json!({
        "function": frame.function, "file": frame.file, "line": frame.line, "column": frame.column,
    })
}

fn trace(object: &Object, invocation: &Invocation, exact: bool) -> Vec<Frame> {
    // SAFETY: the run is over, so nothing else uses the trace of this thread.
    let addresses = unsafe { &(&*invocation.trace.get())[..invocation.trace_len.get()] };
    let mut frames = Vec::new();
    for (index, &address) in addresses.iter().enumerate() {
        let address = object.placed.link_time(address);
        // A return address may already belong to the next line or function.
        let address = if index == 0 && exact {
            address
        } else {
            address.wrapping_sub(1)
        };
        let located = object.image.source_map.locate(address);
        if located.is_empty()
            && let Some(function) = object.image.function(address)
        {
            let function = function.name.clone();
            frames.push(Frame {
                function,
                file: String::new(),
                line: 0,
                column: 0,
            });
        }
        frames.extend(located);
    }
    frames
}

fn words(
    object: &Object,
    invocation: &Invocation,
    reason: Reason,
    kind: ProgramKind,
) -> (&'static str, String) {
    match reason {
        Reason::Panic(len) => {
            // SAFETY: the run is over, so nothing else uses the buffer of this thread.
            let message = unsafe { &(&*invocation.panic.buffer.get())[..len] };
            (
                "panic",
                String::from_utf8_lossy(message).trim_end().to_owned(),
            )
        }
        Reason::PanicUnformatted => (
            "panic",
            "the program panicked, and was ended while it formatted the message".into(),
        ),
        Reason::Budget => {
            let budget = object.budget(kind).as_millis();
            (
                "terminated",
                format!("the program ran longer than its time budget of {budget} ms"),
            )
        }
        Reason::Stack => (
            "stack",
            format!("the program used more than its stack budget of {BUDGET} bytes"),
        ),
        Reason::Fault { signal, address } => ("fault", fault(signal, address)),
        Reason::BadTarget(target) => (
            "fault",
            format!("the program called {target:#x}, which is no function of the image"),
        ),
        Reason::LockHeld => (
            "panic",
            "the program took a spin lock that it holds already".into(),
        ),
        Reason::LockPlace => (
            "panic",
            "the program took a spin lock that lies neither in a map nor on its stack".into(),
        ),
        Reason::NoSlots => ("panic", "the program holds more than 64 resources".into()),
    }
}

fn fault(signal: i32, address: u64) -> String {
    let (name, what) = match signal {
        libc::SIGSEGV => ("SIGSEGV", "an invalid memory access"),
        libc::SIGBUS => ("SIGBUS", "an access to memory that is not there"),
        libc::SIGILL => ("SIGILL", "an instruction the CPU does not know"),
        libc::SIGFPE => ("SIGFPE", "a division the CPU cannot do"),
        libc::SIGTRAP => ("SIGTRAP", "a breakpoint instruction"),
        _ => ("signal", "a CPU fault"),
    };
    match signal {
        libc::SIGSEGV | libc::SIGBUS => {
            format!("the program was ended by {what} at {address:#x} ({name})")
        }
        _ => format!("the program was ended by {what} ({name})"),
    }
}
