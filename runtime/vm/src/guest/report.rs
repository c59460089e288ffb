// SPDX-License-Identifier: GPL-2.0-only
//! Events of the module in words and source lines, as the simulator's.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

use rex_image::{Frame, Image};
use serde_json::{Value, json};

use crate::control::{Event, Released, Stop};
use crate::system;

/// Reads what there is.
pub fn read(
    from: &OwnedFd,
    image: Option<&Image>,
    object: u64,
    to: &mut Vec<Value>,
) -> io::Result<()> {
    if !system::readable(from)? {
        return Ok(());
    }
    let mut bytes = vec![0; 64 << 10];
    let len = File::from(from.try_clone()?).read(&mut bytes)?;
    let mut rest = &bytes[..len];
    while let Some(event) = record::<Event>(rest) {
        let (this, next) = rest.split_at(event.size as usize);
        let payload = &this[size_of::<Event>()..];
        if let Some(image) = image {
            to.push(words(event, payload, image, object));
        }
        rest = next;
    }
    Ok(())
}

/// Copies a structure out of bytes, if there are enough.
fn record<T: Copy>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: there are enough bytes, and the structures here are of integers.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

fn words(event: Event, payload: &[u8], image: &Image, object: u64) -> Value {
    let (kind, mut fields) = match event.kind {
        1 => {
            let text = &payload[..event.len as usize];
            let text = String::from_utf8_lossy(text);
            ("trace", json!({ "message": text.trim_end_matches('\n') }))
        }
        2 => record(payload).map_or(("damaged", json!({})), |stop| stopped(&stop, image)),
        _ => record(payload).map_or(("damaged", json!({})), |held| released(held, image)),
    };
    let program = image.programs.get(event.program as usize);
    fields["event"] = json!(kind);
    fields["object"] = json!(object);
    fields["program"] = json!(program.map(|program| &program.name));
    fields["t_ns"] = json!(event.t_ns);
    fields["pid"] = json!(event.pid);
    fields["cpu"] = json!(event.cpu);
    fields
}

fn stopped(stop: &Stop, image: &Image) -> (&'static str, Value) {
    let text = |bytes: &[u8], len: u32| {
        let len = (len as usize).min(bytes.len());
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    };
    let (kind, message) = match stop.reason {
        1 => ("panic", text(&stop.message, stop.message_len)),
        2 => ("panic", "its message could not be formatted".into()),
        3 => ("terminated", "it ran past its time budget".into()),
        4 => ("stack", "it used up its stack".into()),
        5 => ("fault", format!("the CPU raised exception {}", stop.detail)),
        6 => (
            "panic",
            format!(
                "an indirect call to {:#x}, where no function is",
                stop.detail
            ),
        ),
        7 => ("panic", "it took a lock that its CPU already holds".into()),
        8 => ("panic", "it took a lock in a context without locks".into()),
        9 => ("panic", "it holds too many resources".into()),
        other => ("panic", format!("reason {other}")),
    };
    let frames = trace(stop, image);
    let own = frames.iter().find(|frame| !frame.file.starts_with('/'));
    let (file, line) = if stop.line == 0 {
        own.map_or((String::new(), 0), |frame| (frame.file.clone(), frame.line))
    } else {
        (text(&stop.file, stop.file_len), stop.line)
    };
    let frames: Vec<Value> = frames
        .iter()
        .map(|frame| json!({ "function": frame.function, "file": frame.file, "line": frame.line }))
        .collect();
    let fields = json!({
        "message": message, "file": file, "line": line, "column": stop.column,
        "released": stop.released, "frames": frames,
    });
    (kind, fields)
}

fn trace(stop: &Stop, image: &Image) -> Vec<Frame> {
    let addresses = &stop.trace[..(stop.trace_len as usize).min(stop.trace.len())];
    let locate = |(index, address): (usize, &u64)| {
        // A return address may already belong to the next line.
        let back = u64::from(index > 0 || stop.exact == 0);
        image.source_map.locate(address.wrapping_sub(back))
    };
    addresses.iter().enumerate().flat_map(locate).collect()
}

fn released(held: Released, image: &Image) -> (&'static str, Value) {
    let resource = match held.resource {
        1 => "spin lock",
        2 => "ring buffer reservation",
        _ => "task reference",
    };
    let frames = image.source_map.locate(held.at.wrapping_sub(1));
    let own = frames.iter().find(|frame| !frame.file.starts_with('/'));
    let (file, line) = own.map_or(("", 0), |frame| (frame.file.as_str(), frame.line));
    let fields = json!({ "resource": resource, "file": file, "line": line });
    ("leak", fields)
}
