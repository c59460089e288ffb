// SPDX-License-Identifier: GPL-2.0-only
//! A client's outbox: answers always go through, events wait in a bounded queue.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use rex_sim::wire;
use serde_json::{Value, json};

/// Events that may wait for a client that reads slowly; later ones are dropped and counted.
const WAITING: usize = 100_000;

/// What a client wants to hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Everything.
    pub all: bool,
    /// Or these objects.
    pub objects: BTreeSet<u64>,
}

/// A connected client.
pub struct Client {
    /// Number of the connection.
    pub id: u64,
    /// Its process.
    pub pid: i32,
    /// What it wants to hear.
    pub wanted: Mutex<Wanted>,
    queue: Sender<Value>,
    waiting: Arc<AtomicUsize>,
    lost: AtomicU64,
    closed: Arc<AtomicBool>,
}

impl Client {
    /// A client whose messages [`write_all`] takes from the receiver.
    pub fn new(id: u64, pid: i32) -> (Self, Outbox) {
        let (queue, messages) = mpsc::channel();
        let (waiting, closed) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let outbox = Outbox {
            messages,
            waiting: Arc::clone(&waiting),
            closed: Arc::clone(&closed),
        };
        let wanted = Mutex::default();
        (
            Self {
                id,
                pid,
                wanted,
                queue,
                waiting,
                lost: AtomicU64::new(0),
                closed,
            },
            outbox,
        )
    }

    /// Sends an answer.
    pub fn answer(&self, message: Value) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Without a writer the connection is gone, and the reader sees that too.
        let _ = self.queue.send(message);
    }

    /// Sends a notification about an object if the client wants it.
    pub fn tell(&self, object: u64, method: &str, params: &Value) {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if !wanted.all && !wanted.objects.contains(&object) {
            return;
        }
        drop(wanted);
        if self.waiting.load(Ordering::Relaxed) >= WAITING {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            self.answer(wire::notification("lost", json!({ "count": lost })));
        }
        self.answer(wire::notification(method, params.clone()));
    }

    /// Whether everything for it was written, or nothing more can be.
    pub fn served(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0 || self.closed()
    }

    /// Whether its connection can no longer be written to.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// The other end of a client's queue.
pub struct Outbox {
    messages: Receiver<Value>,
    waiting: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
}

impl Outbox {
    /// Writes messages until the client is dropped or the connection fails.
    pub fn write_all(self, mut to: impl Write) {
        while let Ok(message) = self.messages.recv() {
            let written = to
                .write_all(&wire::line(&message))
                .and_then(|()| to.flush());
            self.waiting.fetch_sub(1, Ordering::Release);
            if written.is_err() {
                self.closed.store(true, Ordering::Release);
                return;
            }
        }
    }
}
