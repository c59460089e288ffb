// SPDX-License-Identifier: GPL-2.0-only
//! The methods of the protocol.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use rex_sim::error::{Failure, Kind};
use rex_sim::wire;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::Client;
use crate::hub::{self, Hub, Object};
use crate::worker_process::WorkerProcess;

/// Version of the protocol.
pub const PROTOCOL: u64 = 1;
/// Version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

type Outcome = Result<Value, Value>;

/// The load under way on a connection, so that it can be cancelled.
#[derive(Default)]
pub struct Loading(Mutex<Weak<Object>>);

impl Loading {
    /// Ends the load; false if there is none.
    pub fn cancel(&self) -> bool {
        let object = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade();
        object.is_some_and(|object| {
            object.worker.kill();
            true
        })
    }

    fn set(&self, object: Weak<Object>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = object;
    }
}

#[derive(Deserialize)]
struct Hello {
    protocol: u64,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Load {
    image: PathBuf,
    #[serde(default = "sim")]
    target: String,
    #[serde(default)]
    persistent: bool,
    label: Option<String>,
    #[serde(default)]
    dir: String,
    #[serde(default)]
    budget_ms: Value,
}

#[derive(Deserialize)]
struct Attach {
    object: u64,
    program: Option<String>,
    attach: Option<String>,
}

#[derive(Deserialize)]
struct StartSource {
    object: u64,
    source: Value,
}

#[derive(Deserialize)]
struct OfObject {
    object: u64,
}

#[derive(Deserialize)]
struct ReadMap {
    object: u64,
    name: String,
    #[serde(default)]
    consume: bool,
}

#[derive(Deserialize)]
struct Subscribe {
    object: Option<u64>,
}

fn sim() -> String {
    "sim".into()
}

fn parse<T: DeserializeOwned>(params: &Value) -> Result<T, Value> {
    T::deserialize(params)
        .map_err(|error| wire::protocol_error(wire::INVALID_PARAMS, error.to_string()))
}

/// Compares versions, and says what this daemon offers.
pub fn hello(params: &Value) -> Outcome {
    let hello: Hello = parse(params)?;
    if hello.protocol != PROTOCOL {
        let message = format!(
            "this daemon speaks protocol {PROTOCOL} (rexrt {VERSION}), the client speaks {} ({})",
            hello.protocol, hello.version
        );
        return Err(Failure::new(Kind::VersionSkew, message)
            .repair("end the running daemon with `rexrt shutdown`; the client then starts its own")
            .into());
    }
    let (available, reason) = match rex_sim::availability() {
        Ok(()) => (true, String::new()),
        Err(reason) => (false, reason),
    };
    Ok(json!({
        "version": VERSION,
        "protocol": PROTOCOL,
        "pid": std::process::id(),
        "targets": [{
            "name": "sim",
            "available": available,
            "reason": reason,
            "limits": rex_sim::LIMITS,
        }],
    }))
}

/// Carries out any other method.
pub fn call(
    hub: &Arc<Hub>,
    client: &Client,
    loading: &Loading,
    method: &str,
    params: &Value,
) -> Outcome {
    match method {
        "load" => load(hub, client, loading, parse(params)?),
        "attach" => attach(hub, parse(params)?),
        "source" => source(hub, parse(params)?),
        "stop" => {
            let id = number(params, "source")?;
            hub.object_of_source(id)?
                .worker
                .call("stop", json!({ "id": id }))
        }
        "detach" => {
            let id = number(params, "link")?;
            hub.object_of_link(id)?
                .worker
                .call("detach", json!({ "id": id }))
        }
        "unload" => {
            let of: OfObject = parse(params)?;
            hub.unload(of.object)?;
            Ok(json!({}))
        }
        "list" => Ok(json!({ "objects": hub.objects().iter().map(listed).collect::<Vec<_>>() })),
        "map" => {
            let read: ReadMap = parse(params)?;
            let params = json!({ "name": read.name, "consume": read.consume });
            hub.object(read.object)?.worker.call("map", params)
        }
        "map_update" | "map_delete" => {
            let of: OfObject = parse(params)?;
            hub.object(of.object)?.worker.call(method, params.clone())
        }
        "subscribe" => {
            let subscribe: Subscribe = parse(params)?;
            let mut wanted = client.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            match subscribe.object {
                None => wanted.all = true,
                Some(id) => {
                    hub.object(id)?;
                    wanted.objects.insert(id);
                }
            }
            Ok(json!({}))
        }
        "shutdown" => Ok(json!({})),
        _ => Err(wire::protocol_error(
            wire::METHOD_NOT_FOUND,
            format!("there is no method `{method}`"),
        )),
    }
}

fn number(params: &Value, name: &str) -> Result<u64, Value> {
    params[name].as_u64().ok_or_else(|| {
        wire::protocol_error(wire::INVALID_PARAMS, format!("`{name}` must be a number"))
    })
}

fn load(hub: &Arc<Hub>, client: &Client, loading: &Loading, load: Load) -> Outcome {
    if load.target != "sim" {
        let message = format!(
            "there is no target `{}`; this daemon has `sim`",
            load.target
        );
        return Err(Failure::new(Kind::TargetUnavailable, message)
            .repair("leave the target out, or say `sim`")
            .into());
    }
    if load.image.is_relative() {
        let message = format!(
            "the image's path must be absolute, not {}",
            load.image.display()
        );
        return Err(wire::protocol_error(wire::INVALID_PARAMS, message));
    }
    let admitted = hub.policy.admit(&load.image)?;
    let id = hub.number();
    let spawner = &hub.spawner;
    let worker = {
        let hub = Arc::downgrade(hub);
        let said = move |said| {
            if let Some(hub) = hub.upgrade() {
                hub.said(id, said);
            }
        };
        WorkerProcess::start(spawner, said)?
    };
    let stem = load
        .image
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let object = Object {
        id,
        name: load.label.unwrap_or(stem),
        dir: load.dir,
        persistent: load.persistent,
        owner: client.id,
        owner_pid: client.pid,
        loaded_t: hub::now(),
        description: OnceLock::new(),
        worker,
    };
    let object = Arc::new(object);
    loading.set(Arc::downgrade(&object));
    let mut params = json!({ "image": load.image, "digest": admitted.digest });
    if !load.budget_ms.is_null() {
        params["budget_ms"] = load.budget_ms;
    }
    let loaded = object.worker.call("load", params);
    loading.set(Weak::new());
    let description = loaded.inspect_err(|_| object.worker.end())?;
    let description = object.description.get_or_init(|| description);
    if object.worker.gone() {
        let message = "the worker process ended while the image was loaded";
        return Err(Failure::new(Kind::TargetUnavailable, message).into());
    }
    let mut result = json!({ "object": id, "name": object.name });
    for field in ["digest", "programs", "maps"] {
        result[field] = description[field].clone();
    }
    if let Some(warning) = admitted.warning {
        result["warning"] = warning.into();
    }
    hub.insert(Arc::clone(&object));
    Ok(result)
}

fn attach(hub: &Hub, attach: Attach) -> Outcome {
    let object = hub.object(attach.object)?;
    let first_link = hub.numbers(object.programs().len().max(1) as u64);
    let params = json!({
        "program": attach.program, "attach": attach.attach, "first_link": first_link,
    });
    let mut result = object.worker.call("attach", params)?;
    let links = result["links"].as_array_mut();
    let mut numbers = Vec::new();
    for link in links.into_iter().flatten() {
        link["object"] = object.id.into();
        numbers.extend(link["link"].as_u64());
    }
    hub.note(object.id, numbers.into_iter(), None);
    Ok(result)
}

fn source(hub: &Hub, source: StartSource) -> Outcome {
    let object = hub.object(source.object)?;
    let id = hub.number();
    // Known before it runs, so that it can be stopped as soon as it is answered.
    hub.note(object.id, std::iter::empty(), Some(id));
    object
        .worker
        .call("source", json!({ "id": id, "source": source.source }))
}

fn listed(object: &Arc<Object>) -> Value {
    let state = object.worker.call("list", json!({}));
    let (word, state) = match state {
        Ok(state) => ("live", state),
        Err(_) => (
            "dead",
            dead(object.description.get().unwrap_or(&Value::Null)),
        ),
    };
    json!({
        "object": object.id,
        "name": object.name,
        "dir": object.dir,
        "target": "sim",
        "persistent": object.persistent,
        "owner_pid": object.owner_pid,
        "loaded_t": object.loaded_t,
        "state": word,
        "programs": state["programs"],
        "maps": state["maps"],
        "sources": state["sources"],
    })
}

/// What is still known about an object whose worker is gone.
fn dead(description: &Value) -> Value {
    let mut state = description.clone();
    for program in state["programs"].as_array_mut().into_iter().flatten() {
        program["state"] = "dead".into();
        for count in ["runs", "missed", "avg_ns"] {
            program[count] = 0.into();
        }
    }
    state["sources"] = json!([]);
    state
}
