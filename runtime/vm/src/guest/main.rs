// SPDX-License-Identifier: GPL-2.0-only
//! The first process of the virtual machine: loads `rex.ko`, then answers requests on the
//! second serial line and sends events there, one JSON value a line.

mod control;
mod maps;
mod objects;
mod report;
mod system;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;

use serde_json::{Value, json};

use control::Refused;
use objects::Objects;

fn main() {
    match serve() {
        Ok(()) => system::power_off(),
        Err(error) => {
            // The console shows it; the kernel then panics for want of a first process.
            eprintln!("rex-guest: {error}");
            std::process::exit(1);
        }
    }
}

fn serve() -> io::Result<()> {
    system::mount_all()?;
    system::insert_module("/rex.ko")?;
    let mut line = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/ttyS1")?;
    system::make_raw(&line)?;
    say(&mut line, &json!({ "event": "ready" }))?;
    let mut objects = Objects::default();
    let mut pending = Vec::new();
    loop {
        for event in wait(&line, &mut objects)? {
            say(&mut line, &event)?;
        }
        let mut bytes = [0; 4096];
        let len = match line.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            read => read?,
        };
        pending.extend(&bytes[..len]);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let request: Vec<u8> = pending.drain(..=end).collect();
            let Ok(request) = serde_json::from_slice::<Value>(&request) else {
                continue;
            };
            if request["method"] == "poweroff" {
                return Ok(());
            }
            let answer = match answer(&mut objects, &request) {
                Ok(result) => json!({ "id": request["id"], "result": result }),
                Err(refused) => json!({ "id": request["id"],
                    "error": { "code": refused.errno, "message": refused.message } }),
            };
            say(&mut line, &answer)?;
        }
    }
}

/// Waits for a request or an event; gives the events.
fn wait(line: &File, objects: &mut Objects) -> io::Result<Vec<Value>> {
    let mut waiting = vec![line.as_raw_fd()];
    waiting.extend(objects.descriptors());
    system::poll(&waiting)?;
    objects.events()
}

fn say(line: &mut File, value: &Value) -> io::Result<()> {
    let text = format!("{value}\n");
    let mut bytes = text.as_bytes();
    while !bytes.is_empty() {
        match line.write(bytes) {
            Ok(len) => bytes = &bytes[len..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn answer(objects: &mut Objects, request: &Value) -> Result<Value, Refused> {
    let params = &request["params"];
    let number = |name: &str| params[name].as_u64().unwrap_or(0);
    let text = |name: &str| params[name].as_str().unwrap_or_default().to_owned();
    match request["method"].as_str().unwrap_or_default() {
        "load" => {
            let file = std::fs::read(format!("/images/{}", text("image")))
                .map_err(|error| Refused::io("read the image", &error))?;
            objects.load(&file)
        }
        "attach" => {
            let cpu = params["cpu"].as_u64().map(|cpu| cpu as u32);
            objects.attach(number("object"), &text("program"), &text("target"), cpu)
        }
        "detach" => objects.detach(number("object"), &text("program")),
        "status" => objects.status(number("object"), &text("program")),
        "unload" => objects.unload(number("object")),
        "syscalls" => {
            let numbers = params["numbers"].as_array().cloned().unwrap_or_default();
            let numbers: Vec<i64> = numbers.iter().filter_map(Value::as_i64).collect();
            system::syscalls(&numbers, number("times").max(1), number("cpus").max(1))
                .map_err(|error| Refused::io("make system calls", &error))
        }
        "remove_module" => {
            system::remove_module().map_err(|error| Refused::io("remove the module", &error))
        }
        "insert_module" => system::insert_module("/rex.ko")
            .map(|()| json!({}))
            .map_err(|error| Refused::io("insert the module", &error)),
        "write" => std::fs::write(text("path"), text("text"))
            .map(|()| json!({}))
            .map_err(|error| Refused::io("write", &error)),
        "kernel_log" => {
            system::kernel_log().map_err(|error| Refused::io("read the kernel's log", &error))
        }
        method => Err(Refused {
            errno: libc::ENOSYS,
            message: format!("there is no method `{method}`"),
        }),
    }
}
