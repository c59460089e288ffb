// SPDX-License-Identifier: GPL-2.0-only
//! What programs can be attached to: tracepoints, system calls, user-space functions, packets
//! and the timer.

use std::collections::BTreeSet;
use std::fs;

use rex_abi::contexts::{Kind as FieldKind, context, names};
use rex_image::{ContextLayout, Program, ProgramKind};

use crate::error::{Failure, Kind};
use crate::near::near;
use crate::symbols::{self, Place};
use crate::syscalls::{SYSCALLS, number};

/// How a probed function gets a system call's arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `__x64_sys_NAME`: a pointer to the user's registers in rdi.
    Wrapped,
    /// `__do_sys_NAME`, `__se_sys_NAME`, `sys_NAME`: the arguments themselves.
    Arguments,
}

/// Where a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// Before a system call; every one if there is no number.
    Enter(Option<u32>),
    /// After a system call; every one if there is no number.
    Exit(Option<u32>),
    /// At the entry of a system call's function.
    Function(u32, Convention),
    /// At the return from a system call's function.
    Return(u32),
    /// At the entry of a user-space function.
    User(Place),
    /// At the return from a user-space function.
    UserReturn(Place),
    /// A tracepoint that is not of a system call.
    Tracepoint(&'static str),
    /// For each packet that comes in.
    Packet,
    /// For each packet that XDP programs pass.
    Traffic,
    /// For each sample of a timer.
    Sample,
}

const FUNCTION_PREFIXES: [(&str, Convention); 5] = [
    ("__x64_sys_", Convention::Wrapped),
    ("__do_sys_", Convention::Arguments),
    ("__se_sys_", Convention::Arguments),
    ("sys_", Convention::Arguments),
    ("ksyscall/", Convention::Wrapped),
];
const TARGETS: &str = "use the vm or host target for hooks inside the kernel";

/// Finds the hook that `target` names for a program, and compares the layout of its context.
pub fn resolve(program: &Program, target: &str) -> Result<Hook, Failure> {
    match program.kind {
        ProgramKind::Tracepoint => {
            let target = plain(target);
            let hook = tracepoint(program, target)?;
            compare_layout(program, target, hook)?;
            Ok(hook)
        }
        ProgramKind::Kprobe | ProgramKind::Kretprobe => kprobe(program, plain(target)),
        ProgramKind::Uprobe => user(program, plain(target)).map(Hook::User),
        ProgramKind::Uretprobe => user(program, plain(target)).map(Hook::UserReturn),
        ProgramKind::Xdp => Ok(Hook::Packet),
        ProgramKind::Tc => Ok(Hook::Traffic),
        ProgramKind::PerfEvent => match target {
            "" | "cpu-clock" | "perf_event" => Ok(Hook::Sample),
            _ => Err(unsupported(
                format!("the sim target samples `cpu-clock` only, not `{target}`"),
                "attach it to `cpu-clock`",
            )),
        },
    }
}

/// As [`resolve`], for a program that may change a function's return value: the hook has to be
/// the entry of a function that the kernel lets fail, which `__x64_sys_*` are and what they
/// call is not.
pub fn resolve_injectable(program: &Program, target: &str) -> Result<Hook, Failure> {
    let message = match (program.kind, resolve(program, target)) {
        (_, Err(failure)) if failure.kind == Kind::UnknownAttachTarget => return Err(failure),
        (ProgramKind::Kprobe, Ok(hook @ Hook::Function(_, Convention::Wrapped))) => {
            return Ok(hook);
        }
        (ProgramKind::Kprobe, _) => format!(
            "program `{}` may call `bpf_override_return` and may not be attached to `{target}`: the kernel allows error injection at `__x64_sys_*` only of what the sim target probes",
            program.name
        ),
        (kind, _) => format!(
            "program `{}` may call `bpf_override_return` and may not be attached to `{target}`: expected a kprobe for error injection, found a {}",
            program.name,
            kind.name()
        ),
    };
    Err(Failure::new(Kind::NotPermitted, message).repair(
        "attach it to the entry of a system call, as `__x64_sys_dup`, or take the call out",
    ))
}

/// An attach target without the type of program in front.
pub fn plain(target: &str) -> &str {
    [
        "tracepoint/",
        "tp/",
        "kprobe/",
        "kretprobe/",
        "uprobe/",
        "uretprobe/",
    ]
    .iter()
    .find_map(|prefix| target.strip_prefix(prefix))
    .unwrap_or(target)
}

fn unsupported(message: String, repair: &str) -> Failure {
    Failure::new(Kind::Unsupported, message).repair(repair)
}

fn unknown(program: &Program, target: &str, names: impl Iterator<Item = String>) -> Failure {
    let what = program.kind.name();
    if target.is_empty() {
        let message = format!(
            "program `{}` names no {what} to attach to, and none was given",
            program.name
        );
        return Failure::new(Kind::UnknownAttachTarget, message)
            .repair("give one with `--attach`, or in the program's attribute");
    }
    let near = near(target, names);
    let message = format!("there is no {what} `{target}` (program `{}`)", program.name);
    let repair = match near.first() {
        Some(name) => format!("did you mean `{name}`"),
        None => "see `rex symbols` for what there is".into(),
    };
    Failure {
        near,
        ..Failure::new(Kind::UnknownAttachTarget, message).repair(repair)
    }
}

fn tracepoint(program: &Program, target: &str) -> Result<Hook, Failure> {
    let found = match target {
        "raw_syscalls/sys_enter" => Some(Hook::Enter(None)),
        "raw_syscalls/sys_exit" => Some(Hook::Exit(None)),
        _ => target.strip_prefix("syscalls/").and_then(|event| {
            if let Some(name) = event.strip_prefix("sys_enter_") {
                return number(name).map(|number| Hook::Enter(Some(number)));
            }
            number(event.strip_prefix("sys_exit_")?).map(|number| Hook::Exit(Some(number)))
        }),
    };
    let other = || context(target).map(|layout| Hook::Tracepoint(layout.name));
    found.or_else(other).ok_or_else(|| {
        let calls = SYSCALLS.iter().flat_map(|(_, name)| {
            [
                format!("syscalls/sys_enter_{name}"),
                format!("syscalls/sys_exit_{name}"),
            ]
        });
        let all = names().map(String::from).chain(calls);
        let all: BTreeSet<String> = all.collect();
        unknown(program, target, all.into_iter())
    })
}

fn kprobe(program: &Program, target: &str) -> Result<Hook, Failure> {
    for (prefix, convention) in FUNCTION_PREFIXES {
        if let Some(number) = target.strip_prefix(prefix).and_then(number) {
            return Ok(match program.kind {
                ProgramKind::Kretprobe => Hook::Return(number),
                _ => Hook::Function(number, convention),
            });
        }
    }
    if is_kernel_function(target) {
        return Err(unsupported(
            format!(
                "the sim target probes system calls only, not `{target}` (program `{}`)",
                program.name
            ),
            TARGETS,
        ));
    }
    let plain = SYSCALLS.iter().any(|(_, name)| *name == target);
    let names = SYSCALLS
        .iter()
        .map(move |(_, name)| format!("__x64_sys_{name}"));
    let mut failure = unknown(program, target, names);
    if plain {
        failure = failure.repair(format!("did you mean `__x64_sys_{target}`"));
        failure.near.insert(0, format!("__x64_sys_{target}"));
    }
    Err(failure)
}

fn user(program: &Program, target: &str) -> Result<Place, Failure> {
    symbols::find(target).map_err(|error| {
        let message = format!("{} (program `{}`)", error.problem, program.name);
        let failure = Failure::new(Kind::UnknownAttachTarget, message);
        let repair = error
            .near
            .first()
            .map(|near| format!("did you mean `{near}`"));
        Failure {
            near: error.near,
            ..failure.repair(repair.unwrap_or_else(|| "give one with `--attach`".into()))
        }
    })
}

/// Whether this machine's kernel has a function of this name that sim does not offer.
fn is_kernel_function(name: &str) -> bool {
    let symbols = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    !name.is_empty()
        && symbols.lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            matches!(words.nth(1), Some("t" | "T" | "w" | "W")) && words.next() == Some(name)
        })
}

/// Compares the layout the program was compiled with to the record that is delivered, and
/// names the first field that differs.
fn compare_layout(program: &Program, target: &str, hook: Hook) -> Result<(), Failure> {
    let layout: &ContextLayout = &program.layout;
    let refuse = |field: &str, found: String| {
        Err(unsupported(
            format!(
                "program `{}` was compiled for the layout of `{}`: field `{field}` does not fit `{target}`, {found}",
                program.name, layout.name
            ),
            "use the context type of this hook",
        ))
    };
    let snapshot = context(target);
    let size = match (hook, snapshot) {
        (Hook::Exit(_), _) => 24,
        (Hook::Tracepoint(_), Some(snapshot)) => snapshot.size,
        _ => 64,
    };
    for field in &layout.fields {
        if let Some(snapshot) = snapshot {
            let Some(real) = snapshot.fields().find(|real| real.name == field.name) else {
                return refuse(&field.name, "which has no such field".into());
            };
            let data_loc = real.kind != FieldKind::Number;
            if (real.offset, real.size, real.signed, data_loc)
                != (field.offset, field.size, field.signed, field.data_loc)
            {
                let found = format!("where it is {} bytes at offset {}", real.size, real.offset);
                return refuse(&field.name, found);
            }
            continue;
        }
        let is_result = field.name == "ret";
        let fits = match (hook, field.offset) {
            (_, 8) => field.size <= 8 && !is_result,
            (Hook::Exit(_), 16) => field.size == 8 && is_result,
            (Hook::Enter(_), 16..64) => {
                field.offset.is_multiple_of(8) && field.size == 8 && !is_result
            }
            _ => false,
        };
        if !fits {
            return refuse(&field.name, "which has nothing like it there".into());
        }
    }
    if layout.size > size {
        return refuse(
            "(size)",
            format!("whose record has {size} bytes, not {}", layout.size),
        );
    }
    Ok(())
}
