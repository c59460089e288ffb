// SPDX-License-Identifier: GPL-2.0-only
//! What the end-to-end tests share: building an extension with the real toolchain, and a
//! client of `rexrt`.
//!
//! The sysroot of the forced flags comes in `REX_TEST_SYSROOT`.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

pub mod build;
pub mod client;
pub mod packets;
pub mod scratch;

pub use build::extension;
pub use client::Client;
pub use scratch::Scratch;

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
