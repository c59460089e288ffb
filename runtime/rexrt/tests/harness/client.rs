// SPDX-License-Identifier: GPL-2.0-only
//! A client of `rexrt`, over the standard streams of `rexrt stdio` or over the socket.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Heard {
    answers: HashMap<String, Value>,
    notifications: Vec<Value>,
    ended: bool,
}

type Shared = Arc<(Mutex<Heard>, Condvar)>;

enum To {
    Process(Child, Option<ChildStdin>),
    Socket(UnixStream),
}

/// A connected client.
pub struct Client {
    to: To,
    heard: Shared,
    last: u64,
}

/// The program under test.
pub fn rexrt() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rexrt"))
}

impl Client {
    /// Starts `rexrt stdio`, says hello and subscribes to everything.
    pub fn stdio() -> Self {
        let mut client = Self::silent();
        client.greet();
        client
    }

    /// Starts `rexrt stdio` and says nothing.
    pub fn silent() -> Self {
        let mut child = rexrt()
            .arg("stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let heard = listen(child.stdout.take().unwrap());
        Self {
            to: To::Process(child, stdin),
            heard,
            last: 0,
        }
    }

    /// Connects to a daemon's socket, which may not be there yet; says hello and subscribes.
    pub fn socket(path: &Path) -> Self {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(path) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > PATIENCE => panic!("{error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let heard = listen(stream.try_clone().unwrap());
        let mut client = Self {
            to: To::Socket(stream),
            heard,
            last: 0,
        };
        client.greet();
        client
    }

    fn greet(&mut self) {
        self.call(
            "hello",
            json!({ "client": "test", "version": "0", "protocol": 1 }),
        );
        self.call("subscribe", json!({}));
    }

    /// Asks; gives the result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Asks; gives the error.
    pub fn refused(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params).expect_err(method)
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.post(method, params);
        let mut answer = self.answer(&id);
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => Err(error),
        }
    }

    /// Sends a request without waiting; gives its number.
    pub fn post(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params });
        self.write(format!("{request}\n").as_bytes());
        self.last.into()
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        match &mut self.to {
            To::Process(_, stdin) => stdin.as_mut().unwrap().write_all(bytes).unwrap(),
            To::Socket(stream) => stream.write_all(bytes).unwrap(),
        }
    }

    /// Waits for the answer to a request.
    pub fn answer(&self, id: &Value) -> Value {
        self.wait(
            |heard| heard.answers.remove(&id.to_string()),
            &format!("answer {id}"),
        )
    }

    /// Loads an image.
    pub fn load(&mut self, image: &Path, more: &Value) -> u64 {
        let mut params = json!({ "image": image, "target": "sim" });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        self.call("load", params)["object"].as_u64().unwrap()
    }

    /// Runs a source to its end; gives its exit event.
    pub fn run(&mut self, object: u64, source: &Value) -> Value {
        let started = self.call("source", json!({ "object": object, "source": source }));
        self.event(|event| event["event"] == "exit" && event["source"] == started["source"])
    }

    /// Waits for an event.
    pub fn event(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.wait(
            |heard| {
                let events = heard
                    .notifications
                    .iter()
                    .filter(|said| said["method"] == "event");
                events
                    .map(|said| &said["params"])
                    .find(|event| wanted(event))
                    .cloned()
            },
            "event",
        )
    }

    /// Every event of a kind so far.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let heard = self.heard.0.lock().unwrap();
        let events = heard
            .notifications
            .iter()
            .filter(|said| said["method"] == "event");
        let events = events.map(|said| said["params"].clone());
        events.filter(|event| event["event"] == kind).collect()
    }

    /// Everything a command printed so far.
    pub fn output(&self, stream: &str) -> String {
        let heard = self.heard.0.lock().unwrap();
        let output = heard
            .notifications
            .iter()
            .filter(|said| said["method"] == "output");
        let output = output.filter(|said| said["params"]["stream"] == stream);
        output
            .map(|said| said["params"]["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether the other side closed the connection, waiting for it.
    pub fn ends(&self) {
        self.wait(|heard| heard.ended.then_some(()), "end");
    }

    /// Closes the connection of a `stdio` client and waits for its process.
    pub fn close(mut self) -> ExitStatus {
        let To::Process(child, stdin) = &mut self.to else {
            panic!("not a process")
        };
        drop(stdin.take());
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "rexrt stdio does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills a `stdio` process the hard way.
    pub fn kill(&mut self) {
        let To::Process(child, _) = &mut self.to else {
            panic!("not a process")
        };
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn wait<T>(&self, mut find: impl FnMut(&mut Heard) -> Option<T>, what: &str) -> T {
        let (heard, changed) = &*self.heard;
        let mut heard = heard.lock().unwrap();
        let start = Instant::now();
        loop {
            if let Some(found) = find(&mut heard) {
                return found;
            }
            let left = PATIENCE.checked_sub(start.elapsed());
            let Some(left) = left.filter(|_| !heard.ended) else {
                panic!("no {what}; heard {:#?}", heard.notifications);
            };
            heard = changed.wait_timeout(heard, left).unwrap().0;
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        match &mut self.to {
            To::Process(child, stdin) => {
                drop(stdin.take());
                let start = Instant::now();
                while start.elapsed() < Duration::from_secs(2) {
                    if matches!(child.try_wait(), Ok(Some(_))) {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                let _ = child.kill();
                let _ = child.wait();
            }
            To::Socket(stream) => {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
    }
}

fn listen(from: impl Read + Send + 'static) -> Shared {
    let shared = Shared::default();
    let theirs = Arc::clone(&shared);
    std::thread::spawn(move || {
        let (heard, changed) = &*theirs;
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            let message: Value = serde_json::from_str(&line).expect(&line);
            let mut heard = heard.lock().unwrap();
            if message.get("method").is_some() {
                heard.notifications.push(message);
            } else {
                heard.answers.insert(message["id"].to_string(), message);
            }
            changed.notify_all();
        }
        heard.lock().unwrap().ended = true;
        changed.notify_all();
    });
    shared
}
