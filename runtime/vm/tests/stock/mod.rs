// SPDX-License-Identifier: GPL-2.0-only
//! The distribution's kernel on this machine: its headers, its image, and the module for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rex_vm::machine::{Machine, Parts};
use rex_vm::{kernel, module};

use crate::scratch::Scratch;

/// Versions with headers here, and their directories.
fn headers() -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir("/lib/modules") else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                entry.path().join("build"),
            )
        })
        .filter(|(_, build)| build.join("Makefile").exists())
        .collect();
    found.sort();
    found
}

/// The compressed kernel of a version: installed, or unpacked by `.ci/bootstrap test`.
fn image(version: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    [PathBuf::from("/boot"), cache.join("rex/kernel/boot")]
        .map(|place| place.join(format!("vmlinuz-{version}")))
        .into_iter()
        .find(|path| path.exists())
}

/// Builds the module without a warning and boots the kernel with it.
pub fn boot(scratch: &Scratch, images: Vec<(String, Vec<u8>)>, cpus: u32) -> Machine {
    let (version, build, image) = headers()
        .into_iter()
        .rev()
        .find_map(|(version, build)| image(&version).map(|image| (version, build, image)))
        .expect("a kernel with headers and image: `.ci/bootstrap test` installs one");
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kmod-{version}"));
    fs::create_dir_all(&place).unwrap();
    let (module, said) = module::build(&runtime, &build, &place).unwrap();
    let about_btf = |line: &&str| !line.starts_with("Skipping BTF generation");
    let warnings: Vec<_> = said.lines().filter(about_btf).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    let parts = Parts {
        kernel: scratch.write("vmlinux", kernel::vmlinux(&image).unwrap()),
        module,
        guest: env!("CARGO_BIN_EXE_rex-guest").into(),
        images,
        cpus,
        scratch: scratch.path().to_owned(),
    };
    Machine::boot(&parts, Duration::from_secs(120)).unwrap()
}
