// SPDX-License-Identifier: GPL-2.0-only
//! A command and everything it starts, traced: its system calls drive tracepoint and kprobe
//! programs.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::output::Pump;
use super::ptrace::{self, At, Change, Registers, SYSCALL_STOP};
use super::syscall_hooks::{self, Hooks};
use super::uprobes::{After, Probed};
use super::{Context, End, Prepared};
use crate::error::{Failure, Kind};
use crate::task::{Task, parent};

/// A traced thread.
#[derive(Default)]
struct Tracee {
    task: Task,
    /// The system call it is in.
    number: Option<u32>,
    probed: Probed,
    /// What its result is to be instead of the real one.
    overridden: Option<u64>,
    /// Whether its first stop is still to come.
    fresh: bool,
}

/// System calls after which code may lie elsewhere.
const REMAPPING: [i64; 5] = [
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_pkey_mprotect,
];

struct Tracer {
    root: i32,
    tracees: HashMap<i32, Tracee>,
    hooks: Hooks,
    /// A change that came while a thread was stepped, still to be handled.
    left: Option<Change>,
    pumps: Vec<Pump>,
}

/// Starts a command, stopped before its first instruction.
pub fn prepare(
    argv: &[String],
    cwd: Option<PathBuf>,
    env: Option<BTreeMap<String, String>>,
    context: &mut Context,
) -> Result<(Option<i32>, Prepared), Failure> {
    let [program, arguments @ ..] = argv else {
        return Err(Failure::new(Kind::SourceFailed, "the command is empty"));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(cwd.unwrap_or_else(|| "/".into()));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(env) = env {
        command.env_clear().envs(env);
    }
    // SAFETY: only async-signal-safe calls between fork and exec.
    unsafe {
        command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
    let mut child = command.spawn().map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => Kind::NotPermitted,
            _ => Kind::SourceFailed,
        };
        Failure::new(
            kind,
            format!("the command `{program}` did not start: {error}"),
        )
        .repair("check its name, its directory and that this user may trace processes")
    })?;
    let pid = i32::try_from(child.id()).unwrap_or(0);
    context.stopper.targets().extend([-pid, pid]);
    let failed = |error: io::Error| {
        // SAFETY: the child is ours and not reaped yet.
        unsafe { libc::kill(pid, libc::SIGKILL) };
        Failure::new(
            Kind::SourceFailed,
            format!("the command `{program}` cannot be traced: {error}"),
        )
    };
    match ptrace::wait(pid, |_| ()).map_err(failed)? {
        Some((_, Change::Stopped(..))) => ptrace::follow(pid).map_err(failed)?,
        other => {
            let message =
                format!("the command `{program}` ended before it could be traced: {other:?}");
            return Err(Failure::new(Kind::SourceFailed, message));
        }
    }
    let pumps = pump(&mut child, context).map_err(failed)?;
    let tracee = Tracee {
        task: Task::traced(pid),
        ..Tracee::default()
    };
    let tracer = Tracer {
        root: pid,
        tracees: HashMap::from([(pid, tracee)]),
        hooks: Hooks::default(),
        left: None,
        pumps,
    };
    Ok((Some(pid), Box::new(move |context| tracer.run(context))))
}

fn pump(child: &mut Child, context: &Context) -> io::Result<Vec<Pump>> {
    let mut pumps = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        pumps.push(Pump::start(
            pipe,
            "stdout",
            context.id,
            context.notify.clone(),
        )?);
    }
    if let Some(pipe) = child.stderr.take() {
        pumps.push(Pump::start(
            pipe,
            "stderr",
            context.id,
            context.notify.clone(),
        )?);
    }
    Ok(pumps)
}

impl Tracer {
    /// Traces until every process is gone. The end of the first one was told when it came.
    fn run(mut self, context: &mut Context) -> Option<End> {
        self.hooks.refresh(&context.object);
        if let Some(root) = self.tracees.get(&self.root) {
            // An error here means that it was killed meanwhile, which its next change says.
            let _ = root.probed.plant(self.root, &self.hooks);
        }
        // As above.
        let _ = ptrace::resume(self.root, 0);
        loop {
            let stopper = context.stopper.clone();
            let leaves = |pid: i32| stopper.targets().retain(|target| target.abs() != pid);
            match ptrace::wait(-1, leaves) {
                Ok(Some((pid, change))) => self.change(context, pid, change),
                Ok(None) => return None,
                Err(error) => return Some(End::failed(format!("tracing failed: {error}"))),
            }
        }
    }

    fn change(&mut self, context: &mut Context, pid: i32, change: Change) {
        match change {
            Change::Exited(status) => {
                self.gone(
                    context,
                    pid,
                    End {
                        status,
                        signal: None,
                        message: None,
                    },
                );
            }
            Change::Killed(signal) => {
                let end = End {
                    status: 128 + signal,
                    signal: Some(signal),
                    message: None,
                };
                self.gone(context, pid, end);
            }
            Change::Stopped(signal, event) => {
                self.adopt(context, pid);
                if context.stopper.asked() {
                    // SAFETY: the tracee is ours and stopped, so the number is its own.
                    unsafe { libc::kill(pid, libc::SIGKILL) };
                }
                let signal = self.stopped(context, pid, signal, event);
                match self.left.take() {
                    Some(change) => self.change(context, pid, change),
                    // A tracee that was killed meanwhile says so in its next change.
                    None => drop(ptrace::resume(pid, signal)),
                }
            }
        }
    }

    /// Takes in a thread that is seen for the first time.
    fn adopt(&mut self, context: &Context, pid: i32) {
        if self.tracees.contains_key(&pid) {
            return;
        }
        let task = Task::traced(pid);
        let probed = self.inherited(&task);
        self.tracees.entry(pid).or_insert_with(|| {
            context.stopper.targets().push(pid);
            Tracee {
                task,
                probed,
                fresh: true,
                ..Tracee::default()
            }
        });
    }

    /// The breakpoints that a new thread finds in its memory.
    fn inherited(&self, task: &Task) -> Probed {
        let thread = |tracee: &&Tracee| tracee.task.tgid == task.tgid;
        if let Some(sibling) = self.tracees.values().find(thread) {
            return sibling.probed.thread();
        }
        let parent = parent(task.pid).and_then(|parent| self.tracees.get(&parent));
        parent.map_or_else(Probed::default, |parent| {
            parent.probed.process(parent.task.pid, task.pid)
        })
    }

    fn gone(&mut self, context: &Context, pid: i32, end: End) {
        self.tracees.remove(&pid);
        if pid == self.root {
            for pump in &self.pumps {
                pump.finish();
            }
            context.report_end(&end);
        }
    }

    /// Handles a stop; gives the signal to deliver.
    fn stopped(&mut self, context: &mut Context, pid: i32, signal: i32, event: i32) -> i32 {
        if signal == SYSCALL_STOP {
            // An error here means that the tracee was killed meanwhile.
            let _ = self.syscall(context, pid);
            return 0;
        }
        let Some(tracee) = self.tracees.get_mut(&pid) else {
            return 0;
        };
        if event != 0 {
            if event == libc::PTRACE_EVENT_EXEC {
                tracee.fresh = false;
                tracee.probed = Probed::default();
                self.hooks.refresh(&context.object);
                // An error here means that it was killed meanwhile.
                let _ = tracee.probed.plant(pid, &self.hooks);
            }
            return 0;
        }
        if std::mem::take(&mut tracee.fresh) && signal == libc::SIGSTOP {
            return 0;
        }
        if signal == libc::SIGTRAP {
            self.hooks.refresh(&context.object);
            let Tracee { task, probed, .. } = tracee;
            match probed.trapped(context, &self.hooks, task) {
                Ok(After::NotOurs) => return signal,
                Ok(After::Resume(signal)) => return signal,
                Ok(After::Changed(change)) => self.left = Some(change),
                // It was killed meanwhile, which its next change says.
                Err(_) => {}
            }
            return 0;
        }
        let stops = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
        if stops.contains(&signal) && ptrace::is_group_stop(pid) {
            0
        } else {
            signal
        }
    }

    fn syscall(&mut self, context: &mut Context, pid: i32) -> io::Result<()> {
        self.hooks.refresh(&context.object);
        let Some(tracee) = self.tracees.get_mut(&pid) else {
            return Ok(());
        };
        tracee.probed.plant(pid, &self.hooks)?;
        match ptrace::syscall(pid)? {
            At::Entry(number) => {
                tracee.number = number;
                tracee.overridden = None;
                let Some(number) = number.filter(|number| self.hooks.enters(*number)) else {
                    return Ok(());
                };
                let mut registers = Registers::read(pid)?;
                let regs = registers.pt_regs();
                tracee.overridden =
                    syscall_hooks::enter(context, &self.hooks, &tracee.task, number, &regs);
                if tracee.overridden.is_some() {
                    registers.skip_syscall();
                    registers.write(pid)?;
                }
            }
            At::Exit(result) => {
                let number = tracee.number.take();
                if number.is_some_and(|number| REMAPPING.contains(&i64::from(number))) {
                    tracee.probed.remapped();
                    tracee.probed.plant(pid, &self.hooks)?;
                }
                let overridden = tracee.overridden.take();
                let exits = number.is_some_and(|number| self.hooks.exits(number));
                if !exits && overridden.is_none() {
                    return Ok(());
                }
                let mut registers = Registers::read(pid)?;
                if let Some(value) = overridden {
                    registers.set_result(value);
                    registers.write(pid)?;
                }
                if let Some(number) = number.filter(|_| exits) {
                    let result = overridden.map_or(result, |value| value as i64);
                    let regs = registers.pt_regs();
                    syscall_hooks::exit(context, &self.hooks, &tracee.task, number, &regs, result);
                }
            }
            At::Other => {}
        }
        Ok(())
    }
}
