// SPDX-License-Identifier: GPL-2.0-only
//! Events from a JSON file: an array, or one object a line.
//!
//! - `{"tracepoint": "syscalls/sys_enter_dup", "args": [1], "pid": 7, "comm": "sh"}`
//! - `{"tracepoint": "syscalls/sys_exit_dup", "ret": -9}`
//! - `{"tracepoint": "sched/sched_switch", "fields": {"prev_comm": "sh", "next_pid": 7}}`
//! - `{"kprobe": "__x64_sys_dup", "args": [1]}`
//! - `{"kretprobe": "__x64_sys_dup", "ret": 3}`
//! - `{"packet": "ffffffffffff…", "ifindex": 1, "queue": 0}`
//!
//! For `raw_syscalls` the system call is named by `"nr"`. An event runs the programs on the
//! attach target it names and no others.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rex_abi::rex_pt_regs;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::syscall_hooks::{self, Hooks};
use super::tracepoint::{self, Record};
use super::{Context, End, Prepared, packets};
use crate::error::{Failure, Kind};
use crate::near::near;
use crate::object::Object;
use crate::packet::{Ingress, Packet};
use crate::syscalls::{SYSCALLS, number};
use crate::task::Task;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tracepoint: Option<String>,
    kprobe: Option<String>,
    kretprobe: Option<String>,
    packet: Option<String>,
    #[serde(default)]
    args: Vec<u64>,
    #[serde(default)]
    fields: Map<String, Value>,
    ret: Option<i64>,
    nr: Option<u32>,
    #[serde(default)]
    pid: i32,
    #[serde(default)]
    comm: String,
    #[serde(default = "first_interface")]
    ifindex: u32,
    #[serde(default)]
    queue: u32,
}

fn first_interface() -> u32 {
    Ingress::default().ifindex
}

enum Event {
    Enter(String, Task, u32, Box<rex_pt_regs>),
    Exit(String, Task, u32, i64),
    Tracepoint(&'static str, Task, Record),
    Packet(Vec<u8>, Ingress),
}

/// Reads and checks the whole file.
pub fn prepare(path: &Path, _object: &Arc<Object>) -> Result<Prepared, Failure> {
    let failed = |message: String| Failure::new(Kind::SourceFailed, message).path(path);
    let text = fs::read_to_string(path)
        .map_err(|error| failed(format!("{} cannot be read: {error}", path.display())))?;
    let events = parse(&text).map_err(|error| failed(format!("{} {error}", path.display())))?;
    Ok(Box::new(move |context| Some(run(context, &events))))
}

fn run(context: &mut Context, events: &[Event]) -> End {
    let mut hooks = Hooks::default();
    let mut packet_index = 0;
    for event in events {
        if context.stopper.asked() {
            return End::failed("stopped before the last event");
        }
        hooks.refresh(&context.object);
        match event {
            Event::Enter(name, task, number, regs) => {
                hooks.only = Some(name.clone());
                syscall_hooks::enter(context, &hooks, task, *number, regs);
            }
            Event::Exit(name, task, number, result) => {
                hooks.only = Some(name.clone());
                let regs = rex_pt_regs {
                    rax: *result as u64,
                    ..rex_pt_regs::default()
                };
                syscall_hooks::exit(context, &hooks, task, *number, &regs, *result);
            }
            Event::Tracepoint(name, task, record) => {
                hooks.only = None;
                tracepoint::run(context, &hooks, name, task, record);
            }
            Event::Packet(data, ingress) => {
                packets::run(context, &Packet::new(data, *ingress), packet_index);
                packet_index += 1;
            }
        }
    }
    End::default()
}

fn parse(text: &str) -> Result<Vec<Event>, String> {
    if text.trim_start().starts_with('[') {
        let written: Vec<Written> =
            serde_json::from_str(text).map_err(|error| format!("is not valid: {error}"))?;
        let place =
            |(index, event)| understand(event).map_err(|error| format!("event {index} {error}"));
        return written.into_iter().enumerate().map(place).collect();
    }
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let event: Result<Written, _> = serde_json::from_str(line);
            event
                .map_err(|error| format!("is not valid: {error}"))
                .and_then(understand)
                .map_err(|error| format!("line {} {error}", index + 1))
        })
        .collect()
}

fn understand(written: Written) -> Result<Event, String> {
    let comm = Some(written.comm).filter(|comm| !comm.is_empty());
    let task = Task {
        pid: written.pid,
        tgid: written.pid,
        comm,
        traced: false,
    };
    let targets = [
        &written.tracepoint,
        &written.kprobe,
        &written.kretprobe,
        &written.packet,
    ];
    if targets.iter().filter(|target| target.is_some()).count() != 1 {
        return Err(
            "must have exactly one of `tracepoint`, `kprobe`, `kretprobe` and `packet`".into(),
        );
    }
    if let Some(hex) = written.packet {
        let ingress = Ingress {
            ifindex: written.ifindex,
            queue: written.queue,
        };
        return Ok(Event::Packet(bytes(&hex)?, ingress));
    }
    let enters = match &written.tracepoint {
        Some(name) => name.contains("/sys_enter"),
        None => written.kprobe.is_some(),
    };
    let name = written
        .tracepoint
        .clone()
        .or(written.kprobe)
        .or(written.kretprobe);
    let name = name.unwrap_or_default();
    let nr = match (&written.tracepoint, name.split_once('/')) {
        (Some(_), Some(("raw_syscalls", _))) => written.nr,
        (Some(_), Some(("syscalls", event))) => event
            .strip_prefix("sys_enter_")
            .or(event.strip_prefix("sys_exit_"))
            .and_then(number),
        (Some(_), _) => return any_tracepoint(&name, task, &written.fields),
        (None, _) => function(&name),
    };
    let nr = nr.ok_or_else(|| format!("names no system call with `{name}`"))?;
    match written.ret {
        _ if !written.fields.is_empty() => {
            Err(format!("has `fields`, but `{name}` takes `args` or `ret`"))
        }
        _ if enters => Ok(Event::Enter(name, task, nr, registers(nr, &written.args)?)),
        Some(result) => Ok(Event::Exit(name, task, nr, result)),
        None => Err("has no `ret`".into()),
    }
}

fn any_tracepoint(name: &str, task: Task, fields: &Map<String, Value>) -> Result<Event, String> {
    let Some(layout) = rex_abi::contexts::context(name) else {
        let near = near(name, rex_abi::contexts::names().map(String::from));
        let hint = near
            .first()
            .map_or(String::new(), |near| format!("; did you mean `{near}`"));
        return Err(format!("names no tracepoint with `{name}`{hint}"));
    };
    let record = tracepoint::record(&layout, fields, task.pid)?;
    Ok(Event::Tracepoint(layout.name, task, record))
}

/// The system call whose function has this name.
fn function(name: &str) -> Option<u32> {
    let of = |call: &str| {
        name.strip_suffix(call)
            .is_some_and(|prefix| prefix.ends_with("sys_"))
    };
    SYSCALLS
        .iter()
        .find(|(_, call)| of(call))
        .map(|(nr, _)| *nr)
}

fn registers(nr: u32, args: &[u64]) -> Result<Box<rex_pt_regs>, String> {
    if args.len() > 6 {
        return Err(format!(
            "has {} arguments, a system call has at most 6",
            args.len()
        ));
    }
    let arg = |index: usize| args.get(index).copied().unwrap_or(0);
    Ok(Box::new(rex_pt_regs {
        rdi: arg(0),
        rsi: arg(1),
        rdx: arg(2),
        r10: arg(3),
        r8: arg(4),
        r9: arg(5),
        orig_rax: u64::from(nr),
        ..rex_pt_regs::default()
    }))
}

fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .filter(|character| !character.is_whitespace() && *character != ':')
        .map(|character| character.to_digit(16).map(|digit| digit as u8))
        .collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 => Ok(digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()),
        _ => Err("has a `packet` that is not pairs of hexadecimal digits".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_and_arrays() {
        let lines = "{\"tracepoint\":\"syscalls/sys_enter_dup\",\"args\":[3],\"pid\":5}\n\n\
                     {\"packet\":\"00 01:ff\"}\n";
        let events = parse(lines).unwrap();
        assert!(
            matches!(&events[0], Event::Enter(_, task, 32, regs) if task.pid == 5 && regs.rdi == 3)
        );
        assert!(matches!(&events[1], Event::Packet(data, _) if data == &[0, 1, 255]));
        let events = parse("[{\"kprobe\":\"__x64_sys_dup\"}]").unwrap();
        assert!(matches!(&events[0], Event::Enter(_, _, 32, _)));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, wanted) in [
            ("{}\n", "line 1 must have exactly one"),
            ("{\"packet\":\"0\"}", "line 1 has a `packet`"),
            (
                "\n{\"tracepoint\":\"syscalls/sys_exit_dup\"}",
                "line 2 has no `ret`",
            ),
            (
                "{\"tracepoint\":\"syscalls/sys_enter_dpu\"}",
                "names no system call",
            ),
            (
                "{\"tracepoint\":\"sched/sched_swich\"}",
                "did you mean `sched/sched_switch`",
            ),
            (
                "{\"tracepoint\":\"syscalls/sys_enter_dup\",\"fields\":{\"fildes\":1}}",
                "takes `args` or `ret`",
            ),
            ("nonsense", "line 1 is not valid"),
        ] {
            let error = parse(text).err().unwrap();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
