// SPDX-License-Identifier: GPL-2.0-only
//! A worker: the process in which one object lives. It answers the daemon's requests over
//! a socket and ends when the socket does; everything it traces ends with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use rex_image::Image;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Failure, Kind};
use crate::listing;
use crate::map_requests;
use crate::object::{Budgets, Object};
use crate::source::{Notify, Source, Spec};
use crate::wire::{self, Line};

/// Messages that may wait to be written before programs have to wait.
const QUEUE: usize = 4096;
const SHORTEST_BUDGET_MS: u64 = 10;
const LONGEST_BUDGET_MS: u64 = 20_000;

#[derive(Deserialize)]
struct Load {
    image: PathBuf,
    /// The digest, in hex, of the image that was admitted, where somebody judged it before.
    digest: Option<String>,
    #[serde(default)]
    budget_ms: Option<BudgetsMs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetsMs {
    task: Option<u64>,
    interrupt: Option<u64>,
}

#[derive(Deserialize)]
struct Attach {
    program: Option<String>,
    attach: Option<String>,
    first_link: u64,
}

#[derive(Deserialize)]
struct StartSource {
    id: u64,
    source: Spec,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

/// Serves until the socket ends.
pub fn serve(socket: UnixStream) -> std::io::Result<()> {
    let (queue, messages) = mpsc::sync_channel(QUEUE);
    let write = socket.try_clone()?;
    let writer = thread::Builder::new().name("writer".into());
    let writer = writer.spawn(move || write_all(write, &messages))?;
    let mut worker = Worker {
        queue,
        object: None,
        sources: BTreeMap::new(),
    };
    let mut reader = BufReader::new(socket);
    while let Line::Message(line) = wire::read(&mut reader)? {
        let Ok(message) = serde_json::from_slice::<Value>(&line) else {
            break;
        };
        let method = message["method"].as_str().unwrap_or_default();
        if method == "shutdown" {
            break;
        }
        let (outcome, started) = worker.handle(method, message["params"].clone());
        worker.send(wire::answer(&message["id"], outcome));
        if let Some(source) = started.and_then(|id| worker.sources.get(&id)) {
            source.go();
        }
    }
    drop(worker);
    // The writer ends with the last sender, and a panic in it was printed.
    let _ = writer.join();
    Ok(())
}

fn write_all(mut socket: UnixStream, messages: &Receiver<Value>) {
    while let Ok(message) = messages.recv() {
        if socket.write_all(&wire::line(&message)).is_err() {
            return;
        }
    }
}

struct Worker {
    queue: SyncSender<Value>,
    object: Option<Arc<Object>>,
    sources: BTreeMap<u64, Source>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.sources.clear();
        if let Some(object) = &self.object {
            object.detach_all();
        }
    }
}

impl Worker {
    fn send(&self, message: Value) {
        // Without a writer there is no daemon, and the reader will see that too.
        let _ = self.queue.send(message);
    }

    fn notify(&self) -> Notify {
        let queue = self.queue.clone();
        Arc::new(move |method, params| {
            // As in `send`.
            let _ = queue.send(wire::notification(method, params));
        })
    }

    /// Handles a request; gives the number of a source that is to go when it was answered.
    fn handle(&mut self, method: &str, params: Value) -> (Result<Value, Value>, Option<u64>) {
        self.sources.retain(|_, source| !source.ended());
        let outcome = match method {
            "load" => parse(params).and_then(|load| Ok(self.load(load)?)),
            "attach" => parse(params).and_then(|attach| Ok(self.attach(attach)?)),
            "detach" => parse(params).and_then(|link: Numbered| Ok(self.detach(link.id)?)),
            "source" => {
                let started = parse(params).and_then(|start| Ok(self.start(start)?));
                return match started {
                    Ok((id, result)) => (Ok(result), Some(id)),
                    Err(error) => (Err(error), None),
                };
            }
            "stop" => parse(params).and_then(|source: Numbered| Ok(self.stop(source.id)?)),
            "list" => self
                .object()
                .map(|object| self.list(object))
                .map_err(Value::from),
            "map" => parse(params).and_then(|read| Ok(map_requests::read(self.object()?, &read)?)),
            "map_update" => {
                parse(params).and_then(|update| Ok(map_requests::update(self.object()?, &update)?))
            }
            "map_delete" => {
                parse(params).and_then(|delete| Ok(map_requests::delete(self.object()?, &delete)?))
            }
            _ => Err(wire::protocol_error(
                wire::METHOD_NOT_FOUND,
                format!("no method `{method}`"),
            )),
        };
        (outcome, None)
    }

    fn object(&self) -> Result<&Arc<Object>, Failure> {
        self.object
            .as_ref()
            .ok_or_else(|| Failure::new(Kind::NoSuchObject, "nothing is loaded"))
    }

    fn load(&mut self, load: Load) -> Result<Value, Failure> {
        let path = &load.image;
        let image = read_image(path)?;
        if load
            .digest
            .is_some_and(|digest| digest != listing::hex(&image.digest))
        {
            let message = format!("{} was changed while it was loaded", path.display());
            return Err(Failure::new(Kind::BadImage, message).repair("load it again"));
        }
        let budgets = budgets(load.budget_ms)?;
        let notify = self.notify();
        let sink = Box::new(move |event| notify("event", event));
        let object = Object::load(image, budgets, sink)
            .map_err(|error| Failure::from(error).path(path.clone()))?;
        let description = listing::description(&object);
        self.object = Some(Arc::new(object));
        Ok(description)
    }

    fn attach(&self, attach: Attach) -> Result<Value, Failure> {
        let object = self.object()?;
        let programs = match &attach.program {
            Some(name) => vec![
                object
                    .program(name)
                    .ok_or_else(|| no_program(object, name))?,
            ],
            None => (0..object.image.programs.len()).collect(),
        };
        let mut links = Vec::new();
        for (id, program) in (attach.first_link..).zip(programs) {
            match object.attach(program, attach.attach.as_deref(), id) {
                Ok(link) => links.push(link),
                Err(failure) => {
                    for link in links {
                        object.detach(link.id);
                    }
                    return Err(failure);
                }
            }
        }
        Ok(
            json!({ "links": links.iter().map(|link| listing::link(object, link)).collect::<Vec<_>>() }),
        )
    }

    fn detach(&self, id: u64) -> Result<Value, Failure> {
        match self.object()?.detach(id) {
            true => Ok(json!({})),
            false => Err(Failure::new(
                Kind::NoSuchObject,
                format!("there is no link {id}"),
            )),
        }
    }

    fn start(&mut self, start: StartSource) -> Result<(u64, Value), Failure> {
        let source = Source::start(self.object()?, start.source, start.id, self.notify())?;
        let mut result = json!({ "source": start.id });
        if let Some(pid) = source.pid {
            result["pid"] = pid.into();
        }
        self.sources.insert(start.id, source);
        Ok((start.id, result))
    }

    fn stop(&mut self, id: u64) -> Result<Value, Failure> {
        let mut source = self.sources.remove(&id).ok_or_else(|| {
            Failure::new(
                Kind::NoSuchObject,
                format!("there is no source {id}, or it has ended"),
            )
        })?;
        source.stop();
        Ok(json!({}))
    }

    fn list(&self, object: &Object) -> Value {
        let sources: Vec<Value> = (self.sources.iter())
            .map(|(id, source)| json!({ "source": id, "pid": source.pid }))
            .collect();
        let mut list = listing::state(object);
        list["sources"] = sources.into();
        list
    }
}

fn no_program(object: &Object, name: &str) -> Failure {
    let names: Vec<_> = object
        .image
        .programs
        .iter()
        .map(|program| format!("`{}`", program.name))
        .collect();
    let message = format!(
        "there is no program `{name}`; the image has {}",
        names.join(", ")
    );
    Failure::new(Kind::NoSuchObject, message)
}

fn parse<T: DeserializeOwned>(params: Value) -> Result<T, Value> {
    serde_json::from_value(params)
        .map_err(|error| wire::protocol_error(wire::INVALID_PARAMS, error.to_string()))
}

/// Reads and checks an image.
pub fn read_image(path: &Path) -> Result<Image, Failure> {
    let bytes = fs::read(path).map_err(|error| {
        Failure::new(
            Kind::BadImage,
            format!("{} cannot be read: {error}", path.display()),
        )
        .repair("build it with `rex build`")
        .path(path)
    })?;
    Image::parse(&bytes).map_err(|error| {
        Failure::new(
            Kind::BadImage,
            format!("{} is not a valid image: {error}", path.display()),
        )
        .repair("build it again with `rex build`")
        .path(path)
    })
}

fn budgets(given: Option<BudgetsMs>) -> Result<Budgets, Failure> {
    let default = Budgets::default();
    let Some(given) = given else {
        return Ok(default);
    };
    let check = |milliseconds: Option<u64>, default: Duration| match milliseconds {
        None => Ok(default),
        Some(ms @ SHORTEST_BUDGET_MS..=LONGEST_BUDGET_MS) => Ok(Duration::from_millis(ms)),
        Some(ms) => Err(Failure::new(
            Kind::Unsupported,
            format!("a time budget is {SHORTEST_BUDGET_MS} to {LONGEST_BUDGET_MS} ms, not {ms} ms"),
        )),
    };
    Ok(Budgets {
        task: check(given.task, default.task)?,
        interrupt: check(given.interrupt, default.interrupt)?,
    })
}
