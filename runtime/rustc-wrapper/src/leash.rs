// SPDX-License-Identifier: GPL-2.0-only
//! `rex-rustc --leash PROGRAM ARGS…`: a program that ends, with all it started, when the
//! one who asked for it is gone.
//!
//! Standard input is a pipe whose other end the caller holds and never writes to. When it
//! closes, because the caller ended in whatever way, the whole process group is killed.
//! The caller makes this process the leader of a group of its own.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

const SIGKILL: i32 = 9;

unsafe extern "C" {
    // SAFETY: kill(2) of libc, which std links already, takes two integers and touches no
    // memory of ours.
    safe fn kill(pid: i32, signal: i32) -> i32;
}

/// Runs the program to its end and returns its status; a signal N is 128 + N, as in a shell.
pub fn run(arguments: &[OsString]) -> ExitCode {
    let Some((program, rest)) = arguments.split_first() else {
        eprintln!("rex-rustc: expected a program after --leash");
        return ExitCode::from(2);
    };
    let mut child = match Command::new(program)
        .args(rest)
        .stdin(Stdio::null())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => {
            eprintln!(
                "rex-rustc: cannot run {}: {error}",
                program.to_string_lossy()
            );
            return ExitCode::from(127);
        }
    };
    thread::spawn(|| {
        let mut byte = [0];
        while !matches!(std::io::stdin().read(&mut byte), Ok(0) | Err(_)) {}
        kill(0, SIGKILL);
    });
    match child.wait() {
        Ok(status) => {
            let number = status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            ExitCode::from(u8::try_from(number).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("rex-rustc: cannot wait: {error}");
            ExitCode::from(101)
        }
    }
}
