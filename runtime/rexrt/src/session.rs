// SPDX-License-Identifier: GPL-2.0-only
//! One connection: reads requests, answers each exactly once, in order.
//!
//! A request waits for the ones before it; `cancel` does not.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rex_sim::wire::{self, Line};
use serde_json::{Value, json};

use crate::client::Client;
use crate::hub::Hub;
use crate::methods::{self, Loading};

/// The client cancelled the request (LSP, section "Response Message").
const CANCELLED: i64 = -32800;

#[derive(Default)]
struct Jobs {
    /// Requests that wait.
    waiting: BTreeSet<String>,
    cancelled: BTreeSet<String>,
    running: Option<String>,
}

struct Session {
    hub: Arc<Hub>,
    client: Arc<Client>,
    jobs: Mutex<Jobs>,
    loading: Loading,
}

/// Serves a connection until it ends, then unloads what it owned.
pub fn serve(
    hub: &Arc<Hub>,
    pid: i32,
    mut reader: impl BufRead,
    writer: impl Write + Send + 'static,
) {
    let (client, outbox) = Client::new(hub.number(), pid);
    let client = Arc::new(client);
    hub.connect(&client);
    let writing = thread::Builder::new().name("client-writer".into());
    let writing = writing.spawn(move || outbox.write_all(writer));
    let session = Arc::new(Session {
        hub: Arc::clone(hub),
        client: Arc::clone(&client),
        jobs: Mutex::default(),
        loading: Loading::default(),
    });
    let (queue, requests) = mpsc::channel();
    let working = {
        let session = Arc::clone(&session);
        thread::Builder::new()
            .name("client".into())
            .spawn(move || session.work(&requests))
    };
    while !client.closed() {
        match wire::read(&mut reader) {
            Ok(Line::Message(line)) => {
                if let Some(request) = session.understand(&line) {
                    // Without a worker thread nothing can be answered any more.
                    if queue.send(request).is_err() {
                        break;
                    }
                }
            }
            Ok(Line::TooLong) => {
                let message = format!("a message is longer than {} bytes", wire::LONGEST);
                session.refuse(&Value::Null, wire::INVALID_REQUEST, message);
            }
            Ok(Line::End) | Err(_) => break,
        }
    }
    drop(queue);
    session.loading.cancel();
    if let Ok(working) = working {
        // A panic there was printed; what the client owns is unloaded all the same.
        let _ = working.join();
    }
    hub.disconnect(&client);
    drop(session);
    drop(client);
    if let Ok(writing) = writing {
        let _ = writing.join();
    }
}

/// A request that was understood.
struct Request {
    id: Value,
    method: String,
    params: Value,
}

impl Session {
    /// Parses a message; answers what cannot wait.
    fn understand(&self, line: &[u8]) -> Option<Request> {
        let message: Value = match serde_json::from_slice(line) {
            Ok(message) => message,
            Err(error) => {
                self.refuse(
                    &Value::Null,
                    wire::PARSE_ERROR,
                    format!("not JSON: {error}"),
                );
                return None;
            }
        };
        let id = message.get("id").cloned();
        let valid_id = matches!(&id, None | Some(Value::String(_) | Value::Number(_)));
        let method = message.get("method").and_then(Value::as_str);
        let (Some(method), true) = (method, valid_id) else {
            let id = id.filter(|_| valid_id).unwrap_or(Value::Null);
            self.refuse(
                &id,
                wire::INVALID_REQUEST,
                "not a request with `id` and `method`".into(),
            );
            return None;
        };
        let params = message.get("params").cloned().unwrap_or_else(|| json!({}));
        if method == "cancel" {
            let outcome = json!({ "cancelled": self.cancel(&params["id"]) });
            if let Some(id) = id {
                self.client.answer(wire::answer(&id, Ok(outcome)));
            }
            return None;
        }
        // What has no number cannot be answered, and nothing but `cancel` makes sense then.
        let id = id?;
        self.jobs().waiting.insert(id.to_string());
        Some(Request {
            id,
            method: method.to_owned(),
            params,
        })
    }

    fn work(&self, requests: &Receiver<Request>) {
        let mut greeted = false;
        while let Ok(request) = requests.recv() {
            let key = request.id.to_string();
            let cancelled = {
                let mut jobs = self.jobs();
                jobs.waiting.remove(&key);
                jobs.running = Some(key.clone());
                jobs.cancelled.remove(&key)
            };
            let outcome = if cancelled {
                Err(wire::protocol_error(CANCELLED, "cancelled"))
            } else if request.method == "hello" {
                let outcome = methods::hello(&request.params);
                greeted |= outcome.is_ok();
                outcome
            } else if !greeted && request.method != "shutdown" {
                Err(wire::protocol_error(
                    wire::INVALID_REQUEST,
                    "the first request must be `hello`",
                ))
            } else {
                methods::call(
                    &self.hub,
                    &self.client,
                    &self.loading,
                    &request.method,
                    &request.params,
                )
            };
            let cancelled = {
                let mut jobs = self.jobs();
                jobs.running = None;
                jobs.cancelled.remove(&key)
            };
            let outcome = match outcome {
                Err(_) if cancelled => Err(wire::protocol_error(CANCELLED, "cancelled")),
                outcome => outcome,
            };
            self.client.answer(wire::answer(&request.id, outcome));
            // Also without a greeting: a client of another version must be able to end us.
            if request.method == "shutdown" {
                self.hub.shut_down();
            }
        }
    }

    /// Cancels a request that waits, or a load under way; whether it could.
    fn cancel(&self, id: &Value) -> bool {
        let key = id.to_string();
        let mut jobs = self.jobs();
        if jobs.waiting.contains(&key) {
            jobs.cancelled.insert(key);
            return true;
        }
        if jobs.running.as_deref() == Some(&key) && self.loading.cancel() {
            jobs.cancelled.insert(key);
            return true;
        }
        false
    }

    fn refuse(&self, id: &Value, code: i64, message: String) {
        self.client
            .answer(wire::answer(id, Err(wire::protocol_error(code, message))));
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
