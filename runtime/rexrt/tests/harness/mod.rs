// SPDX-License-Identifier: GPL-2.0-only
//! What the end-to-end tests share: building an extension with the real toolchain, and a
//! client of `rexrt`.
//!
//! The sysroot of the forced flags comes in `REX_TEST_SYSROOT`.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

pub mod build;
pub mod client;
pub mod packets;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub use build::extension;
pub use client::Client;

/// A directory of one test, removed with everything in it when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("rexrt-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A command that makes the given system calls, without arguments, one after the other.
pub fn syscalls(numbers: &[i64]) -> Vec<String> {
    let mut argv = vec![
        "perl".to_owned(),
        "-e".into(),
        "syscall($_) for @ARGV".into(),
    ];
    argv.extend(numbers.iter().map(ToString::to_string));
    argv
}
