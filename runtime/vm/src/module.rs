// SPDX-License-Identifier: GPL-2.0-only
//! Builds `rex.ko` for a kernel, outside of the source tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the module of `runtime` (with `kmod` and `abi` in it) against the headers at
/// `headers`, as in `/lib/modules/VERSION/build`, in `directory`. Gives the module and what
/// the build said on its error stream, warnings included.
///
/// # Errors
/// A file cannot be copied, or the build fails; then the text is what it said.
pub fn build(runtime: &Path, headers: &Path, directory: &Path) -> io::Result<(PathBuf, String)> {
    for part in ["kmod", "abi/include"] {
        let to = directory.join(part);
        fs::create_dir_all(&to)?;
        for entry in fs::read_dir(runtime.join(part))? {
            let entry = entry?;
            if is_source(&entry.path()) {
                update(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
    }
    let kmod = directory.join("kmod");
    let output = Command::new("make")
        .arg("--directory")
        .arg(&kmod)
        .arg(format!("KDIR={}", headers.display()))
        .arg("--jobs=2")
        .env_remove("MAKEFLAGS")
        .env_remove("MFLAGS")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(io::Error::other(said));
    }
    Ok((kmod.join("rex.ko"), said))
}

fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default();
    (extension == "c" && !name.ends_with(".mod.c"))
        || extension == "h"
        || extension == "S"
        || name == "Kbuild"
        || name == "Makefile"
}

/// Leaves a file alone that is the same, so that make does.
fn update(from: &Path, to: &Path) -> io::Result<()> {
    let contents = fs::read(from)?;
    if fs::read(to).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    fs::write(to, contents)
}
