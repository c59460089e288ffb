// SPDX-License-Identifier: GPL-2.0-only
//! Which programs a system call runs, and running them in the kernel's order.

use std::collections::HashMap;
use std::sync::Arc;

use rex_abi::rex_pt_regs;

use super::Context;
use super::record::Record;
use crate::hooks::{Convention, Hook, plain};
use crate::invocation::Environment;
use crate::object::Object;
use crate::symbols::Place;
use crate::task::Task;

/// Bytes of a record before and after a system call.
const ENTER: u32 = 64;
const EXIT: u32 = 24;

/// Programs by hook; made anew when the object's links change.
#[derive(Default)]
pub struct Hooks {
    generation: Option<u64>,
    by_hook: HashMap<Hook, Vec<Hooked>>,
    raw: bool,
    /// Run programs on this attach target only: several name one hook.
    pub only: Option<String>,
}

/// A program and the attach target that put it on a hook.
struct Hooked {
    program: usize,
    attach: String,
}

impl Hooks {
    /// Looks whether links changed.
    pub fn refresh(&mut self, object: &Arc<Object>) {
        let generation = object.generation();
        if self.generation == Some(generation) {
            return;
        }
        self.generation = Some(generation);
        self.by_hook.clear();
        for link in object.links().iter() {
            self.by_hook.entry(link.hook).or_default().push(Hooked {
                program: link.program,
                attach: plain(&link.attach).to_owned(),
            });
        }
        self.raw = [Hook::Enter(None), Hook::Exit(None)]
            .iter()
            .any(|hook| self.by_hook.contains_key(hook));
    }

    /// Whether anything runs before or in this system call.
    pub fn enters(&self, number: u32) -> bool {
        self.raw
            || self.has(Hook::Enter(Some(number)))
            || self.has(Hook::Function(number, Convention::Wrapped))
            || self.has(Hook::Function(number, Convention::Arguments))
    }

    /// Whether anything runs after this system call.
    pub fn exits(&self, number: u32) -> bool {
        self.raw || self.has(Hook::Exit(Some(number))) || self.has(Hook::Return(number))
    }

    /// Programs on a hook.
    pub fn at(&self, hook: Hook) -> Vec<usize> {
        let hooked = self.by_hook.get(&hook).into_iter().flatten();
        let wanted = |hooked: &&Hooked| match &self.only {
            Some(only) => *only == hooked.attach,
            None => true,
        };
        hooked.filter(wanted).map(|hooked| hooked.program).collect()
    }

    /// The links these hooks were made from.
    pub fn generation(&self) -> Option<u64> {
        self.generation
    }

    /// Functions of user space that programs are on.
    pub fn places(&self) -> Vec<Place> {
        let place = |hook: &Hook| match hook {
            Hook::User(place) | Hook::UserReturn(place) => Some(*place),
            _ => None,
        };
        self.by_hook.keys().filter_map(place).collect()
    }

    /// Whether a program is on a hook.
    pub fn has(&self, hook: Hook) -> bool {
        self.by_hook.contains_key(&hook)
    }
}

/// The arguments of a system call, from the user's registers at its entry.
pub fn arguments(regs: &rex_pt_regs) -> [u64; 6] {
    [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9]
}

/// Runs tracepoint and then kprobe programs at the entry of a system call. Gives the value
/// that a program overrode its return with.
pub fn enter(
    context: &mut Context,
    hooks: &Hooks,
    task: &Task,
    number: u32,
    regs: &rex_pt_regs,
) -> Option<u64> {
    let arguments = arguments(regs);
    for hook in [Hook::Enter(None), Hook::Enter(Some(number))] {
        for program in hooks.at(hook) {
            let mut record = Record::enter(task.pid, number, arguments);
            run(context, program, record.context(), ENTER, task, regs, false);
        }
    }
    let mut overridden = None;
    for convention in [Convention::Wrapped, Convention::Arguments] {
        for program in hooks.at(Hook::Function(number, convention)) {
            let user = *regs;
            let mut probed = function_registers(&user, convention);
            let at = (&raw mut probed).cast();
            overridden = run(context, program, at, 0, task, regs, true).or(overridden);
        }
    }
    overridden
}

/// Runs kretprobe and then tracepoint programs at the exit of a system call.
pub fn exit(
    context: &mut Context,
    hooks: &Hooks,
    task: &Task,
    number: u32,
    regs: &rex_pt_regs,
    result: i64,
) {
    for program in hooks.at(Hook::Return(number)) {
        let mut returned = rex_pt_regs {
            rax: result as u64,
            ..*regs
        };
        run(
            context,
            program,
            (&raw mut returned).cast(),
            0,
            task,
            regs,
            false,
        );
    }
    for hook in [Hook::Exit(None), Hook::Exit(Some(number))] {
        for program in hooks.at(hook) {
            let mut record = Record::exit(task.pid, number, result);
            run(context, program, record.context(), EXIT, task, regs, false);
        }
    }
}

/// Runs uprobe or uretprobe programs.
pub fn probe(context: &mut Context, hooks: &Hooks, hook: Hook, task: &Task, regs: &rex_pt_regs) {
    for program in hooks.at(hook) {
        let mut probed = *regs;
        run(
            context,
            program,
            (&raw mut probed).cast(),
            0,
            task,
            regs,
            false,
        );
    }
}

/// Registers at the entry of a system call's function. The function's own are those the
/// calling convention says; the rest are the user's.
fn function_registers(user: &rex_pt_regs, convention: Convention) -> rex_pt_regs {
    match convention {
        Convention::Wrapped => rex_pt_regs {
            rdi: user as *const rex_pt_regs as u64,
            ..*user
        },
        Convention::Arguments => rex_pt_regs {
            rcx: user.r10,
            ..*user
        },
    }
}

fn run(
    context: &mut Context,
    program: usize,
    at: *mut (),
    record_len: u32,
    task: &Task,
    regs: &rex_pt_regs,
    may_override: bool,
) -> Option<u64> {
    let environment = Environment {
        task: Some(task),
        regs: Some(regs),
        packet: None,
        record_len,
        may_override,
    };
    // SAFETY: the caller passes a record or registers, as the hook's kind of program takes
    // them, which outlive the call.
    unsafe { context.runner.run(program, at, &environment) }.overridden
}
