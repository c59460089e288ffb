// SPDX-License-Identifier: GPL-2.0-only
//! Objects, their owners, and who hears about them.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rex_sim::error::{Failure, Kind};
use serde_json::{Value, json};

use crate::client::Client;
use crate::policy::Policy;
use crate::worker_process::{Said, Spawner, WorkerProcess, cause};

/// A loaded object.
pub struct Object {
    /// Its number.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// The directory it was built from, as the client said.
    pub dir: String,
    /// Whether it outlives its owner's connection.
    pub persistent: bool,
    /// Connection that loaded it.
    pub owner: u64,
    /// Process that loaded it.
    pub owner_pid: i32,
    /// When, in seconds since 1970.
    pub loaded_t: f64,
    /// Its programs and maps as they were loaded.
    pub description: OnceLock<Value>,
    /// The process it lives in.
    pub worker: WorkerProcess,
}

impl Object {
    /// Its programs as they were loaded.
    pub fn programs(&self) -> &[Value] {
        let programs = self
            .description
            .get()
            .and_then(|description| description.get("programs"));
        programs
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

#[derive(Default)]
struct State {
    objects: BTreeMap<u64, Arc<Object>>,
    clients: BTreeMap<u64, Arc<Client>>,
    /// Which object a link or source belongs to.
    links: BTreeMap<u64, u64>,
    sources: BTreeMap<u64, u64>,
    last: u64,
    ending: bool,
}

/// Everything the daemon knows.
pub struct Hub {
    state: Mutex<State>,
    changed: Condvar,
    /// Starts workers.
    pub spawner: Spawner,
    /// Which images may be loaded.
    pub policy: Policy,
}

impl Hub {
    /// Knows nothing yet.
    pub fn new(policy: Policy) -> io::Result<Arc<Self>> {
        let spawner = Spawner::start()?;
        Ok(Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            spawner,
            policy,
        }))
    }

    /// A number that was not given out before.
    pub fn number(&self) -> u64 {
        self.numbers(1)
    }

    /// The first of `count` numbers in a row that were not given out before.
    pub fn numbers(&self, count: u64) -> u64 {
        let mut state = self.lock();
        let first = state.last + 1;
        state.last += count;
        first
    }

    /// Takes in a client.
    pub fn connect(&self, client: &Arc<Client>) {
        self.lock().clients.insert(client.id, Arc::clone(client));
    }

    /// Lets a client go, and unloads what it owns.
    pub fn disconnect(&self, client: &Client) {
        let mut state = self.lock();
        state.clients.remove(&client.id);
        let owned: Vec<u64> = (state.objects.values())
            .filter(|object| object.owner == client.id && !object.persistent)
            .map(|object| object.id)
            .collect();
        drop(state);
        for object in owned {
            // Somebody else may have unloaded it meanwhile.
            let _ = self.unload(object);
        }
        self.changed.notify_all();
    }

    /// Takes in an object, and tells about it.
    pub fn insert(&self, object: Arc<Object>) {
        let fields = json!({
            "event": "load",
            "t_ns": now_ns(),
            "object": object.id,
            "program": "",
            "name": object.name,
            "target": "sim",
        });
        let id = object.id;
        self.lock().objects.insert(id, object);
        self.tell(id, "event", &fields);
    }

    /// Finds an object.
    pub fn object(&self, id: u64) -> Result<Arc<Object>, Failure> {
        self.lock().objects.get(&id).cloned().ok_or_else(|| {
            Failure::new(Kind::NoSuchObject, format!("there is no object {id}"))
                .repair("see `rex ps` for what is loaded")
        })
    }

    /// Every object.
    pub fn objects(&self) -> Vec<Arc<Object>> {
        self.lock().objects.values().cloned().collect()
    }

    /// Notes which object links or a source belong to.
    pub fn note(&self, object: u64, links: impl Iterator<Item = u64>, source: Option<u64>) {
        let mut state = self.lock();
        state.links.extend(links.map(|link| (link, object)));
        state.sources.extend(source.map(|source| (source, object)));
    }

    /// The object a link belongs to.
    pub fn object_of_link(&self, link: u64) -> Result<Arc<Object>, Failure> {
        let object = self.lock().links.get(&link).copied();
        let missing = || Failure::new(Kind::NoSuchObject, format!("there is no link {link}"));
        self.object(object.ok_or_else(missing)?)
            .map_err(|_| missing())
    }

    /// The object a source belongs to.
    pub fn object_of_source(&self, source: u64) -> Result<Arc<Object>, Failure> {
        let object = self.lock().sources.get(&source).copied();
        let missing = || Failure::new(Kind::NoSuchObject, format!("there is no source {source}"));
        self.object(object.ok_or_else(missing)?)
            .map_err(|_| missing())
    }

    /// Ends an object's worker and forgets the object.
    pub fn unload(&self, id: u64) -> Result<(), Failure> {
        let object = self.object(id)?;
        object.worker.end();
        let mut state = self.lock();
        state.objects.remove(&id);
        state.links.retain(|_, owner| *owner != id);
        state.sources.retain(|_, owner| *owner != id);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Passes on what an object's worker said.
    pub fn said(&self, id: u64, said: Said) {
        match said {
            Said::Notification(method, mut params) => {
                if let Value::Object(fields) = &mut params {
                    fields.insert("object".into(), id.into());
                }
                self.tell(id, &method, &params);
            }
            Said::Gone(_, true) => {}
            Said::Gone(status, false) => {
                let program = self.object(id).ok().and_then(|object| {
                    object.programs().first()?["name"]
                        .as_str()
                        .map(str::to_owned)
                });
                let fields = json!({
                    "event": "fault",
                    "t_ns": now_ns(),
                    "object": id,
                    "program": program.unwrap_or_default(),
                    "message": format!("the worker process ended: {}", cause(status)),
                    "file": "",
                    "line": 0,
                    "column": 0,
                    "frames": [],
                });
                self.tell(id, "event", &fields);
            }
        }
    }

    /// Sends a notification to everybody who wants it.
    pub fn tell(&self, object: u64, method: &str, params: &Value) {
        let clients: Vec<_> = self.lock().clients.values().cloned().collect();
        for client in clients {
            client.tell(object, method, params);
        }
    }

    /// Asks the daemon to end.
    pub fn shut_down(&self) {
        self.lock().ending = true;
        self.changed.notify_all();
    }

    /// Waits until the daemon is to end: it was asked to, or it had neither client nor
    /// object for `linger`.
    pub fn wait_for_end(&self, linger: Duration) {
        let mut state = self.lock();
        let mut idle_since = Instant::now();
        loop {
            if state.ending {
                return;
            }
            if !state.clients.is_empty() || !state.objects.is_empty() {
                idle_since = Instant::now();
            } else if idle_since.elapsed() >= linger {
                return;
            }
            let pause = linger
                .min(Duration::from_millis(250))
                .max(Duration::from_millis(10));
            let woken = self.changed.wait_timeout(state, pause);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until every client was written what there is for it, but no longer than `most`.
    pub fn serve_out(&self, most: Duration) {
        let start = Instant::now();
        let waits = || !self.lock().clients.values().all(|client| client.served());
        while waits() && start.elapsed() < most {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Unloads everything.
    pub fn unload_all(&self) {
        for object in self.objects() {
            // A client may have unloaded it meanwhile.
            let _ = self.unload(object.id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |time| time.as_secs_f64())
}

fn now_ns() -> u64 {
    rex_sim::now_ns()
}
