// SPDX-License-Identifier: GPL-2.0-only
//! The kernel itself out of the file that boot loaders load (`Documentation/x86/boot.rst`):
//! a PVH entry boots it without the machine having to decompress it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const ELF: &[u8] = b"\x7fELF";

/// Magic bytes of a compression, and the program that undoes it.
const COMPRESSIONS: [(&[u8], &str); 2] = [(b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")];

/// Reads a `vmlinuz`; gives the ELF file inside.
///
/// # Errors
/// The file cannot be read, or nothing in it decompresses to a kernel.
pub fn vmlinux(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::read(path)?;
    for (magic, program) in COMPRESSIONS {
        let places = file.windows(magic.len()).enumerate();
        // The magic bytes also occur by chance, behind the real ones.
        for (at, _) in places.filter(|(_, bytes)| *bytes == magic).take(4) {
            let found = decompress(program, &file[at..])?;
            if found.starts_with(ELF) {
                return Ok(found);
            }
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "{}: no kernel compressed with xz or zstd is in it",
            path.display()
        ),
    ))
}

/// What follows the compressed data makes the programs complain; their output is whole.
fn decompress(program: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut child = Command::new(program)
        .args(["--decompress", "--stdout", "--single-stream"].iter().take(
            // Only xz has the third.
            if program == "xz" { 3 } else { 2 },
        ))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || {
        // It stops reading at the end of the compressed data.
        let _ = stdin.write_all(&bytes);
    });
    let output = child.wait_with_output()?;
    let _ = writer.join();
    Ok(output.stdout)
}
