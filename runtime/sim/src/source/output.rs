// SPDX-License-Identifier: GPL-2.0-only
//! What a command prints, passed on as notifications.

use std::io::Read;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::Notify;

/// How long to wait for the rest of the output when the command has ended: something it
/// left running may hold the pipe open for ever.
const PATIENCE: Duration = Duration::from_millis(200);

/// A pipe being passed on.
pub struct Pump(Receiver<()>);

impl Pump {
    /// Passes on everything from `pipe` as `output` notifications of `source`.
    pub fn start(
        mut pipe: impl Read + Send + 'static,
        stream: &'static str,
        source: u64,
        notify: Notify,
    ) -> std::io::Result<Self> {
        let (done, wait) = mpsc::channel();
        thread::Builder::new().name(stream.into()).spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]);
                notify(
                    "output",
                    json!({ "source": source, "stream": stream, "text": text }),
                );
            }
            // Nobody may be waiting any more.
            let _ = done.send(());
        })?;
        Ok(Self(wait))
    }

    /// Waits until all output was passed on, but not for ever.
    pub fn finish(&self) {
        let _ = self.0.recv_timeout(PATIENCE);
    }
}
