// SPDX-License-Identifier: GPL-2.0-only
//! Event sources: what makes hooks fire. Each runs on a thread of its own.

mod command;
mod events;
mod iface;
mod output;
mod packets;
mod pcap;
mod pcapng_writer;
mod ptrace;
mod record;
mod syscall_hooks;
mod timer;
mod tracepoint;
mod uprobes;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Failure, Kind};
use crate::event::event;
use crate::hooks::Hook;
use crate::object::Object;
use crate::runner::Runner;

/// Takes notifications: method and parameters.
pub type Notify = Arc<dyn Fn(&str, Value) + Send + Sync>;

/// What to run, as a client says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Spec {
    /// System calls of a command and everything it starts.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
        /// Directory to run it in, `/` if there is none.
        #[serde(default)]
        cwd: Option<PathBuf>,
        /// The whole environment; the daemon's own if there is none.
        #[serde(default)]
        env: Option<BTreeMap<String, String>>,
    },
    /// Packets from a file.
    Pcap {
        /// A pcap or pcapng file.
        path: PathBuf,
        /// Where to write the packets as they are afterwards, with verdicts, as pcapng.
        #[serde(default)]
        write: Option<PathBuf>,
    },
    /// Copies of packets from an interface of this machine.
    Iface {
        /// Its name.
        name: String,
    },
    /// Events from a JSON file.
    Events {
        /// The file.
        path: PathBuf,
    },
    /// Samples at a fixed rate.
    Timer {
        /// Samples a second.
        hz: u32,
        /// Samples in all.
        count: u64,
    },
}

impl Spec {
    /// Whether this source makes a hook fire.
    fn drives(&self, hook: Hook) -> bool {
        let packet = matches!(hook, Hook::Packet | Hook::Traffic);
        let sample = hook == Hook::Sample;
        match self {
            Self::Command { .. } => !packet && !sample && !matches!(hook, Hook::Tracepoint(_)),
            Self::Pcap { .. } | Self::Iface { .. } => packet,
            Self::Events { .. } => !sample && !matches!(hook, Hook::User(_) | Hook::UserReturn(_)),
            Self::Timer { .. } => sample,
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Command { .. } => {
                "a command drives probes, and tracepoint programs at system calls"
            }
            Self::Pcap { .. } | Self::Iface { .. } => "packets drive XDP and TC programs",
            Self::Events { .. } => "events drive tracepoint, kprobe, XDP and TC programs",
            Self::Timer { .. } => "a timer drives perf event programs",
        }
    }
}

/// How a source ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct End {
    /// Exit status: the command's, or 0 or 1 for other sources.
    pub status: i32,
    /// Signal that ended the command.
    pub signal: Option<i32>,
    /// Why it ended early.
    pub message: Option<String>,
}

impl End {
    fn failed(message: impl Into<String>) -> Self {
        Self {
            status: 1,
            signal: None,
            message: Some(message.into()),
        }
    }
}

/// Asks a source to end.
#[derive(Default)]
pub struct Stopper {
    asked: AtomicBool,
    /// Processes to kill: the group of the command, then each traced process.
    targets: Mutex<Vec<i32>>,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Stopper {
    /// Whether the source is to end.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Ends the source: kills its processes and wakes it.
    pub fn stop(&self) {
        self.asked.store(true, Ordering::Release);
        for &pid in self.targets().iter() {
            // SAFETY: the source takes a process off the list before it reaps it, so the
            // numbers still belong to processes it started; negative ones are groups.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        drop(self.lock.lock());
        self.changed.notify_all();
    }

    /// Waits for the time given, or until the source is to end.
    pub fn sleep(&self, time: Duration) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |_: &mut ()| !self.asked();
        drop(self.changed.wait_timeout_while(guard, time, waiting));
    }

    fn targets(&self) -> MutexGuard<'_, Vec<i32>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source that was prepared and waits for [`Source::go`].
pub struct Source {
    /// Process id of the command.
    pub pid: Option<i32>,
    stopper: Arc<Stopper>,
    go: mpsc::Sender<()>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Everything a running source works with.
struct Context {
    object: Arc<Object>,
    runner: Runner,
    stopper: Arc<Stopper>,
    notify: Notify,
    id: u64,
}

/// A source that is ready to run: gives how it ended, unless it told so itself.
type Prepared = Box<dyn FnOnce(&mut Context) -> Option<End>>;

impl Source {
    /// Prepares a source on its own thread: opens files, starts the command.
    ///
    /// Nothing runs before [`Source::go`]. A source that no armed program fits is refused.
    pub fn start(
        object: &Arc<Object>,
        spec: Spec,
        id: u64,
        notify: Notify,
    ) -> Result<Self, Failure> {
        if !object.links().iter().any(|link| spec.drives(link.hook)) {
            let message = format!("no attached program fits this source: {}", spec.words());
            return Err(Failure::new(Kind::SourceFailed, message)
                .repair("attach a program of that type first"));
        }
        let stopper = Arc::new(Stopper::default());
        let ended = Arc::new(AtomicBool::new(false));
        let (go, wait) = mpsc::channel();
        let (tell, prepared) = mpsc::channel();
        let run = {
            let (object, stopper, ended) =
                (Arc::clone(object), Arc::clone(&stopper), Arc::clone(&ended));
            move || {
                serve(object, spec, id, stopper, notify, &tell, &wait);
                ended.store(true, Ordering::Release);
            }
        };
        let failed = |error: std::io::Error| {
            Failure::new(
                Kind::SourceFailed,
                format!("the source's thread did not start: {error}"),
            )
        };
        let thread = thread::Builder::new()
            .name(format!("source-{id}"))
            .spawn(run)
            .map_err(failed)?;
        let lost = || Failure::new(Kind::SourceFailed, "the source's thread ended early");
        let pid = prepared.recv().map_err(|_| lost())??;
        Ok(Self {
            pid,
            stopper,
            go,
            ended,
            thread: Some(thread),
        })
    }

    /// Lets the source run.
    pub fn go(&self) {
        // A source that already ended does not listen any more.
        let _ = self.go.send(());
    }

    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Ends it and waits until it has.
    pub fn stop(&mut self) {
        self.stopper.stop();
        self.go();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(
    object: Arc<Object>,
    spec: Spec,
    id: u64,
    stopper: Arc<Stopper>,
    notify: Notify,
    tell: &mpsc::Sender<Result<Option<i32>, Failure>>,
    wait: &Receiver<()>,
) {
    let busy = |error: std::io::Error| Failure::new(Kind::Busy, error.to_string());
    let ready = Runner::new(Arc::clone(&object))
        .map_err(busy)
        .and_then(|runner| {
            let mut context = Context {
                object,
                runner,
                stopper,
                notify,
                id,
            };
            let (pid, prepared) = prepare(spec, &mut context)?;
            Ok((pid, prepared, context))
        });
    match ready {
        Err(failure) => {
            // The receiver waits for exactly this message.
            let _ = tell.send(Err(failure));
        }
        Ok((pid, prepared, mut context)) => {
            let _ = tell.send(Ok(pid));
            let _ = wait.recv();
            if let Some(end) = prepared(&mut context) {
                context.report_end(&end);
            }
        }
    }
}

fn prepare(spec: Spec, context: &mut Context) -> Result<(Option<i32>, Prepared), Failure> {
    match spec {
        Spec::Command { argv, cwd, env } => command::prepare(&argv, cwd, env, context),
        Spec::Pcap { path, write } => Ok((None, pcap::prepare(&path, write)?)),
        Spec::Iface { name } => Ok((None, iface::prepare(&name)?)),
        Spec::Events { path } => Ok((None, events::prepare(&path, &context.object)?)),
        Spec::Timer { hz, count } => Ok((None, timer::prepare(hz, count)?)),
    }
}

impl Context {
    /// Tells that the source ended. A command tells it when its first process ends.
    fn report_end(&self, end: &End) {
        let mut fields = json!({ "source": self.id, "status": end.status });
        if let Some(signal) = end.signal {
            fields["signal"] = signal.into();
        }
        if let Some(message) = &end.message {
            fields["message"] = message.as_str().into();
        }
        (self.notify)("event", event("exit", "", fields));
    }
}
