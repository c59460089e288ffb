// SPDX-License-Identifier: GPL-2.0-only
//! QEMU with a kernel, `rex-guest` as its first process, and two serial lines: the kernel's
//! console, and requests and events as a JSON value a line.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::archive::Archive;

/// What a machine is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The kernel, as [`crate::kernel::vmlinux`] gives it, in a file.
    pub kernel: PathBuf,
    /// `rex.ko` for it.
    pub module: PathBuf,
    /// The program `rex-guest`.
    pub guest: PathBuf,
    /// Files for `/images`, by name.
    pub images: Vec<(String, Vec<u8>)>,
    /// Number of CPUs.
    pub cpus: u32,
    /// Directory for the console's text and the initial file system.
    pub scratch: PathBuf,
}

/// A running machine; dropped, it is switched off.
#[derive(Debug)]
pub struct Machine {
    child: Child,
    requests: ChildStdin,
    heard: Receiver<Value>,
    /// Events that came while an answer was waited for.
    events: Vec<Value>,
    console: PathBuf,
    last: u64,
}

impl Machine {
    /// Boots; comes back when the guest has loaded the module and listens.
    ///
    /// # Errors
    /// QEMU cannot be started, or the guest does not answer within `patience`: then the
    /// text ends with the console's.
    pub fn boot(parts: &Parts, patience: Duration) -> io::Result<Self> {
        let initrd = parts.scratch.join("initrd");
        fs::write(&initrd, initial_files(parts)?)?;
        let console = parts.scratch.join("console");
        let mut child = Command::new("qemu-system-x86_64")
            .args(["-accel", "tcg", "-cpu", "max", "-m", "512", "-nodefaults"])
            .args(["-smp", &parts.cpus.to_string()])
            .args(["-display", "none", "-no-reboot", "-kernel"])
            .arg(&parts.kernel)
            .arg("-initrd")
            .arg(&initrd)
            .args(["-append", "console=ttyS0 quiet panic=-1 preempt=full"])
            .arg("-serial")
            .arg(format!("file:{}", console.display()))
            .args(["-chardev", "stdio,id=requests,signal=off"])
            .args(["-serial", "chardev:requests"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let (sender, heard) = channel();
        std::thread::spawn(move || listen(BufReader::new(answers), &sender));
        let mut machine = Self {
            child,
            requests,
            heard,
            events: Vec::new(),
            console,
            last: 0,
        };
        let ready = |event: &Value| event["event"] == "ready";
        if machine.wait(patience, ready).is_none() {
            let console = machine.console();
            return Err(io::Error::other(format!(
                "the guest does not answer\n{console}"
            )));
        }
        Ok(machine)
    }

    /// Asks the guest; gives its answer.
    ///
    /// # Errors
    /// The guest's error, `{code, message}`, or a text if it does not answer within a minute.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.last += 1;
        let id = self.last;
        let mut line = json!({ "id": id, "method": method, "params": params }).to_string();
        line.push('\n');
        let sent = self.requests.write_all(line.as_bytes());
        sent.and_then(|()| self.requests.flush())
            .map_err(|error| json!(error.to_string()))?;
        let answer = self.wait(Duration::from_secs(60), |value| value["id"] == id);
        let mut answer =
            answer.ok_or_else(|| json!(format!("no answer to {method}\n{}", self.console())))?;
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => Err(error),
        }
    }

    /// Waits for an event; gives it, or nothing if it does not come. Others are kept.
    pub fn event(&mut self, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let found = self.events.iter().position(&wanted);
        match found {
            Some(index) => Some(self.events.remove(index)),
            None => self.wait(patience, wanted),
        }
    }

    /// What the kernel's console says so far.
    pub fn console(&self) -> String {
        let bytes = fs::read(&self.console).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn wait(&mut self, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.heard.recv_timeout(left) {
                Ok(value) if wanted(&value) => return Some(value),
                Ok(value) if value["event"].is_string() => self.events.push(value),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Anything that is not JSON is noise of the line.
fn listen(lines: impl BufRead, to: &Sender<Value>) {
    for line in lines.lines() {
        let Ok(line) = line else { return };
        if let Ok(value) = serde_json::from_str(line.trim())
            && to.send(value).is_err()
        {
            return;
        }
    }
}

fn initial_files(parts: &Parts) -> io::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for directory in ["dev", "proc", "sys", "images"] {
        archive.directory(directory);
    }
    let mut made = Vec::new();
    for library in libraries(&parts.guest)? {
        directories(&mut archive, &mut made, &library);
        archive.file(&library.to_string_lossy(), &fs::read(&library)?);
    }
    archive.file("init", &fs::read(&parts.guest)?);
    archive.file("rex.ko", &fs::read(&parts.module)?);
    for (name, contents) in &parts.images {
        archive.file(&format!("images/{name}"), contents);
    }
    Ok(archive.finish())
}

fn directories(archive: &mut Archive, made: &mut Vec<PathBuf>, file: &Path) {
    let Some(above) = file.parent() else { return };
    let missing: Vec<_> = above
        .ancestors()
        .filter(|path| *path != Path::new("/"))
        .collect();
    for path in missing.into_iter().rev() {
        if !made.iter().any(|known| known == path) {
            archive.directory(&path.to_string_lossy());
            made.push(path.to_owned());
        }
    }
}

/// The loader and the shared libraries of a program, as `ldd` finds them.
fn libraries(program: &Path) -> io::Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = |line: &str| {
        let word = line.split_whitespace().find(|word| word.starts_with('/'));
        word.map(PathBuf::from)
    };
    Ok(text.lines().filter_map(path).collect())
}
