// SPDX-License-Identifier: GPL-2.0-only
//! The daemon's side of a worker: starting it, asking it, noticing that it is gone.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rex_sim::error::{Failure, Kind};
use rex_sim::wire::{self, Line};
use serde_json::{Value, json};

/// How long a worker may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to end when asked to.
const FAREWELL: Duration = Duration::from_millis(400);

/// What a worker says on its own: method and parameters; and, once, that it is gone.
pub enum Said {
    /// A notification.
    Notification(String, Value),
    /// It ended, and whether it had been asked to.
    Gone(Option<ExitStatus>, bool),
}

type Waiting = HashMap<u64, Sender<Result<Value, Value>>>;

/// A running worker. Dropping it kills what is left of it.
pub struct WorkerProcess {
    child: Arc<Mutex<Child>>,
    socket: Mutex<UnixStream>,
    waiting: Arc<Mutex<Option<Waiting>>>,
    next: AtomicU64,
    asked_to_end: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

/// Starts workers from one thread that never ends: a worker is killed when the thread that
/// started it ends, so that none outlives a daemon that crashed.
pub struct Spawner {
    requests: Mutex<Sender<(UnixStream, Sender<io::Result<Child>>)>>,
}

impl Spawner {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (requests, wanted) = mpsc::channel::<(UnixStream, Sender<io::Result<Child>>)>();
        thread::Builder::new()
            .name("spawner".into())
            .spawn(move || {
                while let Ok((socket, answer)) = wanted.recv() {
                    // The one who asked waits for exactly this answer.
                    let _ = answer.send(spawn(socket));
                }
            })?;
        Ok(Self {
            requests: Mutex::new(requests),
        })
    }

    fn spawn(&self, socket: UnixStream) -> io::Result<Child> {
        let (answer, spawned) = mpsc::channel();
        let lost = || io::Error::other("the thread that starts workers has ended");
        lock(&self.requests)
            .send((socket, answer))
            .map_err(|_| lost())?;
        spawned.recv().map_err(|_| lost())?
    }
}

fn spawn(socket: UnixStream) -> io::Result<Child> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("rexrt")
        .arg("worker")
        .current_dir("/")
        .process_group(0);
    command.stdin(OwnedFd::from(socket)).stdout(Stdio::null());
    // SAFETY: only an async-signal-safe call between fork and exec.
    unsafe {
        command.pre_exec(
            || match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            },
        );
    }
    command.spawn()
}

impl WorkerProcess {
    /// Starts a worker; `said` is called on a thread of its own.
    pub fn start(spawner: &Spawner, said: impl Fn(Said) + Send + 'static) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(
                Kind::TargetUnavailable,
                format!("the worker did not start: {error}"),
            )
        };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let child = spawner.spawn(theirs).map_err(failed)?;
        let name = format!("worker-{}", child.id());
        let child = Arc::new(Mutex::new(child));
        let waiting = Arc::new(Mutex::new(Some(Waiting::new())));
        let (asked_to_end, gone) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let reader = ours.try_clone().map_err(failed)?;
        let process = Self {
            child: Arc::clone(&child),
            socket: Mutex::new(ours),
            waiting: Arc::clone(&waiting),
            next: AtomicU64::new(1),
            asked_to_end: Arc::clone(&asked_to_end),
            gone: Arc::clone(&gone),
        };
        let listen = move || {
            listen(reader, &waiting, &said);
            let status = reap(&child);
            gone.store(true, Ordering::Release);
            said(Said::Gone(status, asked_to_end.load(Ordering::Acquire)));
        };
        thread::Builder::new()
            .name(name)
            .spawn(listen)
            .map_err(failed)?;
        Ok(process)
    }

    /// Asks the worker. The error is an error object of the protocol.
    pub fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = mpsc::channel();
        match lock(&self.waiting).as_mut() {
            Some(waiting) => waiting.insert(id, answer),
            None => return Err(dead().into()),
        };
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let sent = lock(&self.socket).write_all(&wire::line(&request));
        if sent.is_err() {
            return Err(dead().into());
        }
        match answered.recv_timeout(PATIENCE) {
            Ok(outcome) => outcome,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(dead().into()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.kill();
                let message = format!("the worker did not answer `{method}` in time and was ended");
                Err(Failure::new(Kind::TargetUnavailable, message).into())
            }
        }
    }

    /// Ends the worker: asks it first, then kills it and its group.
    pub fn end(&self) {
        self.asked_to_end.store(true, Ordering::Release);
        let request = json!({ "jsonrpc": "2.0", "method": "shutdown" });
        // An error means that it is gone already.
        let _ = lock(&self.socket).write_all(&wire::line(&request));
        let start = Instant::now();
        while !self.gone() && start.elapsed() < FAREWELL {
            thread::sleep(Duration::from_millis(2));
        }
        self.kill();
    }

    /// Kills the worker; what it traces dies with it.
    pub fn kill(&self) {
        // An error means that it has ended already.
        let _ = lock(&self.child).kill();
    }

    /// Whether it has ended.
    pub fn gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

fn listen(socket: UnixStream, waiting: &Mutex<Option<Waiting>>, said: &impl Fn(Said)) {
    let mut reader = BufReader::new(socket);
    while let Ok(Line::Message(line)) = wire::read(&mut reader) {
        let Ok(mut message) = serde_json::from_slice::<Value>(&line) else {
            break;
        };
        if let Some(method) = message["method"].as_str() {
            said(Said::Notification(
                method.to_owned(),
                message["params"].take(),
            ));
            continue;
        }
        let answer = message["id"]
            .as_u64()
            .and_then(|id| lock(waiting).as_mut()?.remove(&id));
        if let Some(answer) = answer {
            let outcome = match message["error"].take() {
                Value::Null => Ok(message["result"].take()),
                error => Err(error),
            };
            // The one who asked may have given up.
            let _ = answer.send(outcome);
        }
    }
    // Everybody who still waits gets to know that no answer will come.
    lock(waiting).take();
}

fn reap(child: &Mutex<Child>) -> Option<ExitStatus> {
    // The socket ended, so the worker is ending too; one that does not is killed.
    let start = Instant::now();
    loop {
        match lock(child).try_wait() {
            Ok(None) => {}
            Ok(status) => return status,
            Err(_) => return None,
        }
        if start.elapsed() >= FAREWELL {
            // As in `kill`.
            let _ = lock(child).kill();
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// How a worker that was not asked to end did end, in words.
pub fn cause(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.signal(), status.code())) {
        Some((Some(signal), _)) => format!("it was killed by signal {signal}"),
        Some((None, Some(code))) => format!("it exited with status {code}"),
        _ => "its exit status is unknown".into(),
    }
}

fn dead() -> Failure {
    Failure::new(
        Kind::NoSuchObject,
        "the worker process of this object has ended",
    )
    .repair("unload the object and load it again")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
