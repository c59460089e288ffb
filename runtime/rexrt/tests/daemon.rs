// SPDX-License-Identifier: GPL-2.0-only
//! The daemon: its socket, who owns what, and what happens when somebody dies.

mod harness;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::client::{PATIENCE, rexrt};
use harness::{Client, Scratch, extension};
use serde_json::{Value, json};

struct Daemon {
    child: Child,
    scratch: Scratch,
}

fn command(scratch: &Scratch, linger: &str) -> Command {
    let mut command = rexrt();
    command
        .args(["daemon", "--linger", linger])
        .env("XDG_RUNTIME_DIR", scratch.path());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

impl Daemon {
    fn start(linger: &str) -> Self {
        let scratch = Scratch::new();
        let child = command(&scratch, linger).spawn().unwrap();
        Self { child, scratch }
    }

    fn socket(&self) -> PathBuf {
        self.scratch.path().join("rex/rexrt.sock")
    }

    fn client(&self) -> Client {
        Client::socket(&self.socket())
    }

    fn ends(&mut self) -> i32 {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the daemon does not end");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Process ids whose command line holds `mark`.
fn processes(mark: &str) -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let command = fs::read(entry.path().join("cmdline")).ok()?;
            String::from_utf8_lossy(&command)
                .contains(mark)
                .then_some(pid)
        })
        .collect()
}

/// Workers of a daemon.
fn workers(of: u32) -> Vec<i32> {
    let parent = format!("PPid:\t{of}\n");
    let child = |pid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/status"))
            .is_ok_and(|status| status.contains(&parent))
    };
    processes("rexrt\0worker")
        .into_iter()
        .filter(child)
        .collect()
}

fn sleeper(seconds: u32) -> Value {
    json!({ "kind": "command", "argv": ["sleep", seconds.to_string()] })
}

fn start_sleeper(client: &mut Client, object: u64, seconds: u32) {
    client.call("attach", json!({ "object": object, "program": "enters" }));
    client.call(
        "source",
        json!({ "object": object, "source": sleeper(seconds) }),
    );
}

#[test]
fn the_socket_is_private_and_the_daemon_leaves_when_nobody_needs_it() {
    let mut daemon = Daemon::start("0.2");
    let client = daemon.client();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&daemon.socket()), 0o600);
    assert_eq!(mode(daemon.socket().parent().unwrap()), 0o700);
    std::thread::sleep(Duration::from_millis(400));
    assert!(
        daemon.child.try_wait().unwrap().is_none(),
        "a client is there"
    );
    drop(client);
    assert_eq!(daemon.ends(), 0);
    assert!(!daemon.socket().exists());
}

#[test]
fn a_second_daemon_gives_way() {
    let daemon = Daemon::start("20");
    let mut client = daemon.client();
    let second = command(&daemon.scratch, "20").status().unwrap();
    assert!(second.success());
    client.call("list", json!({}));
    let third = daemon.client();
    drop(third);
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("rex");
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let output = command(&scratch, "1")
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(101));
    assert!(String::from_utf8_lossy(&output.stderr).contains("0700"));
}

#[test]
fn what_a_client_made_goes_with_it_and_what_is_persistent_stays() {
    let daemon = Daemon::start("20");
    let mut watcher = daemon.client();
    let mut client = daemon.client();
    let own = client.load(&extension("hooks"), &Value::Null);
    start_sleeper(&mut client, own, 1101);
    let kept = client.load(&extension("hooks"), &json!({ "persistent": true }));
    watcher.event(|event| event["event"] == "load" && event["object"] == kept);
    assert_eq!(processes("sleep\x001101").len(), 1);
    drop(client);
    wait_until("the child goes with its owner", || {
        processes("sleep\x001101").is_empty()
    });
    wait_until("one worker is left", || {
        workers(daemon.child.id()).len() == 1
    });
    // The worker is gone a moment before its object leaves the list.
    let mut list = json!(null);
    wait_until("one object is left", || {
        list = watcher.call("list", json!({}));
        list["objects"].as_array().is_some_and(|all| all.len() == 1)
    });
    assert_eq!(list["objects"][0]["object"].as_u64(), Some(kept));
    assert_eq!(list["objects"][0]["owner_pid"], std::process::id());
    watcher.call("unload", json!({ "object": kept }));
    assert!(workers(daemon.child.id()).is_empty());
}

#[test]
fn a_daemon_with_an_object_stays_without_clients() {
    let mut daemon = Daemon::start("0.1");
    let mut client = daemon.client();
    client.load(&extension("hooks"), &json!({ "persistent": true }));
    drop(client);
    std::thread::sleep(Duration::from_millis(500));
    assert!(daemon.child.try_wait().unwrap().is_none());
    let mut client = daemon.client();
    client.call("shutdown", json!({}));
    assert_eq!(daemon.ends(), 0);
}

#[test]
fn a_client_of_another_version_can_end_the_daemon() {
    let mut daemon = Daemon::start("20");
    let client = daemon.client();
    let mut shutdown = rexrt();
    shutdown
        .arg("shutdown")
        .env("XDG_RUNTIME_DIR", daemon.scratch.path());
    assert!(shutdown.status().unwrap().success());
    assert_eq!(daemon.ends(), 0);
    client.ends();
    assert!(shutdown.status().unwrap().success(), "none is fine too");
}

#[test]
fn a_worker_that_is_killed_is_a_report() {
    let daemon = Daemon::start("20");
    let mut client = daemon.client();
    let object = client.load(&extension("hooks"), &Value::Null);
    start_sleeper(&mut client, object, 1102);
    let worker = workers(daemon.child.id())[0];
    // SAFETY: no pointers; the worker belongs to the daemon that this test started.
    unsafe { libc::kill(worker, libc::SIGSEGV) };
    let event = client.event(|event| event["event"] == "fault");
    assert!(
        event["message"].as_str().unwrap().contains("signal 11"),
        "{event}"
    );
    wait_until("the child goes with its tracer", || {
        processes("sleep\x001102").is_empty()
    });
    let list = client.call("list", json!({}));
    assert_eq!(list["objects"][0]["state"], "dead");
    assert_eq!(list["objects"][0]["programs"][0]["state"], "dead");
    assert_eq!(
        client.refused("attach", json!({ "object": object }))["code"],
        1003
    );
    client.call("unload", json!({ "object": object }));
    client.load(&extension("hooks"), &Value::Null);
}

#[test]
fn nothing_survives_a_daemon_that_is_killed() {
    let mut daemon = Daemon::start("20");
    let mut client = daemon.client();
    let object = client.load(&extension("hooks"), &json!({ "persistent": true }));
    start_sleeper(&mut client, object, 1103);
    let worker = workers(daemon.child.id())[0];
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    client.ends();
    wait_until("the child is gone", || {
        processes("sleep\x001103").is_empty()
    });
    wait_until("the worker is gone", || {
        !processes("rexrt\0worker").contains(&worker)
    });
    // The socket it left behind is no obstacle.
    let mut again = Daemon {
        child: command(&daemon.scratch, "20").spawn().unwrap(),
        scratch: Scratch::new(),
    };
    let mut client = Client::socket(&daemon.socket());
    client.call("shutdown", json!({}));
    assert_eq!(again.ends(), 0);
}

#[test]
fn a_stdio_client_that_is_killed_takes_everything_along() {
    let mut client = Client::stdio();
    let object = client.load(&extension("hooks"), &Value::Null);
    start_sleeper(&mut client, object, 1104);
    client.kill();
    wait_until("the child is gone", || {
        processes("sleep\x001104").is_empty()
    });
}

#[test]
fn clients_share_what_they_see() {
    let daemon = Daemon::start("20");
    let (mut one, mut two) = (daemon.client(), daemon.client());
    let object = one.load(&extension("hooks"), &Value::Null);
    two.call("attach", json!({ "object": object, "program": "enters" }));
    one.event(|event| event["event"] == "attach" && event["program"] == "enters");
    let argv = ["perl", "-MPOSIX", "-e", "POSIX::dup(1)"];
    two.run(object, &json!({ "kind": "command", "argv": argv }));
    one.event(|event| event["event"] == "trace");
    one.event(|event| event["event"] == "exit");
}
