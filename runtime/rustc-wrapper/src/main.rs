// SPDX-License-Identifier: GPL-2.0-only
//! `rex-rustc`: what cargo starts instead of rustc (as `RUSTC_WRAPPER`) for an extension.
//!
//! Cargo calls it as `rex-rustc RUSTC ARGS…`, or `rex-rustc CLIPPY-DRIVER RUSTC ARGS…`.
//! A crate compiled for the host (a build script, a proc macro) passes through untouched.
//! A crate compiled for the kernel gets the sysroot made for our flags and the path
//! remapping that makes builds reproducible; `-Z` flags are allowed to it and to nothing
//! else; an extension also gets the forced lints and may use no unstable feature.
//!
//! The builder speaks to this program through variables named `REX_WRAP_…`, lists in them
//! separated by the byte 0x1f as cargo does in `CARGO_ENCODED_RUSTFLAGS`. They are removed
//! before rustc starts.
//!
//! As `rex-rustc --leash PROGRAM ARGS…` it starts cargo itself, see [`leash`].

mod leash;
mod plan;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use plan::{Plan, Settings};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let Some((program, rest)) = arguments.split_first() else {
        eprintln!("rex-rustc: expected a compiler to run, as cargo passes it");
        return ExitCode::from(2);
    };
    if program == "--leash" {
        return leash::run(rest);
    }
    let settings = Settings::from_environment(|name| env::var_os(name));
    let mut command = Command::new(program);
    for name in plan::VARIABLES {
        command.env_remove(name);
    }
    // Whatever the caller's environment says, only the plan below may allow `-Z` flags.
    command.env_remove("RUSTC_BOOTSTRAP");
    match Plan::new(&settings, rest) {
        Plan::Host => {
            command.args(rest);
        }
        Plan::Refused(flag) => {
            eprintln!(
                "error: a build script passes `{flag}` on, but how an image is linked is up to rex; \
                 remove its `cargo::rustc-link-arg` line"
            );
            return ExitCode::FAILURE;
        }
        Plan::Kernel {
            arguments,
            bootstrap,
            mir,
        } => {
            if let Some(directory) = mir {
                // There is none the first time.
                let _ = std::fs::remove_dir_all(directory);
            }
            command.args(arguments).env("RUSTC_BOOTSTRAP", bootstrap);
        }
    }
    let error = command.exec();
    eprintln!(
        "rex-rustc: cannot run {}: {error}",
        program.to_string_lossy()
    );
    ExitCode::from(101)
}
