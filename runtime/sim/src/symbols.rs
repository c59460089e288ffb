// SPDX-License-Identifier: GPL-2.0-only
//! Functions of executables and libraries, as uprobes name them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use object::elf::{PF_X, STT_GNU_IFUNC};
use object::read::elf::ElfFile64;
use object::{
    LittleEndian, Object, ObjectSegment, ObjectSymbol, SegmentFlags, SymbolFlags, SymbolKind,
};

use crate::near::near;

/// Where libraries and programs that are named without a directory are looked for.
const DIRECTORIES: &[&str] = &[
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/usr/lib",
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
];

type Elf<'data> = ElfFile64<'data, LittleEndian>;

/// A place in the code of a file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Device of the file.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// Bytes from its start.
    pub offset: u64,
}

/// What is wrong with a target, and names like it.
#[derive(Debug, PartialEq, Eq)]
pub struct NoPlace {
    /// In words.
    pub problem: String,
    /// Whole targets.
    pub near: Vec<String>,
}

impl NoPlace {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            near: Vec::new(),
        }
    }
}

/// Device and inode of a file.
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Finds `binary:symbol`; the binary is an absolute path or the name of a library or program.
pub fn find(target: &str) -> Result<Place, NoPlace> {
    let expected =
        || NoPlace::new("expected `binary:symbol`, as `libc.so.6:malloc` or `/usr/bin/perl:main`");
    let (binary, symbol) = target.rsplit_once(':').ok_or_else(expected)?;
    if binary.is_empty() || symbol.is_empty() {
        return Err(expected());
    }
    let path = locate(binary).ok_or_else(|| {
        NoPlace::new(format!(
            "there is no file `{binary}` in the usual directories; give its absolute path"
        ))
    })?;
    let unreadable =
        |error: String| NoPlace::new(format!("{} cannot be read: {error}", path.display()));
    let bytes = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
    let file = Elf::parse(&*bytes);
    let file = file.map_err(|error| unreadable(error.to_string()))?;
    let address = address(&file, symbol).map_err(|mut error| {
        error.near = error
            .near
            .iter()
            .map(|name| format!("{binary}:{name}"))
            .collect();
        error.problem = format!("{} {}", path.display(), error.problem);
        error
    })?;
    let offset = offset(&file, address).ok_or_else(|| {
        NoPlace::new(format!(
            "`{symbol}` of {} is not in its code",
            path.display()
        ))
    })?;
    let (device, inode) = identity(&path).ok_or_else(|| unreadable("it is gone".into()))?;
    Ok(Place {
        device,
        inode,
        offset,
    })
}

fn locate(binary: &str) -> Option<PathBuf> {
    if binary.starts_with('/') {
        return fs::canonicalize(binary).ok();
    }
    if binary.contains('/') {
        return None;
    }
    let candidates = DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(binary));
    candidates
        .into_iter()
        .find_map(|path| fs::canonicalize(path).ok())
}

fn address(file: &Elf<'_>, wanted: &str) -> Result<u64, NoPlace> {
    let mut names = Vec::new();
    for symbol in file.symbols().chain(file.dynamic_symbols()) {
        let Ok(name) = symbol.name() else { continue };
        if symbol.is_undefined() || symbol.address() == 0 {
            continue;
        }
        let is_indirect = matches!(symbol.flags(), SymbolFlags::Elf { st_info, .. } if st_info & 0xf == STT_GNU_IFUNC);
        if name == wanted && is_indirect {
            return Err(NoPlace::new(format!(
                "chooses `{wanted}` when it is loaded (an indirect function), so it has no one place"
            )));
        }
        if symbol.kind() == SymbolKind::Text {
            if name == wanted {
                return Ok(symbol.address());
            }
            names.push(name.to_owned());
        }
    }
    names.sort();
    names.dedup();
    Err(NoPlace {
        problem: format!("has no function `{wanted}`"),
        near: near(wanted, names.into_iter()),
    })
}

/// Offset in the file of an address in its code.
fn offset(file: &Elf<'_>, address: u64) -> Option<u64> {
    file.segments().find_map(|segment| {
        let executable =
            matches!(segment.flags(), SegmentFlags::Elf { p_flags } if p_flags & PF_X != 0);
        let (start, length) = segment.file_range();
        let within = address.checked_sub(segment.address())?;
        (executable && within < length).then(|| start + within)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_c_library_are_found() {
        let place = find("libc.so.6:malloc").unwrap();
        assert_ne!(place.offset, 0);
        assert_ne!(place, find("libc.so.6:free").unwrap());
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (target, problem, like) in [
            ("malloc", "expected `binary:symbol`", None),
            ("libc.so.6:", "expected `binary:symbol`", None),
            ("no-such-file:main", "no file `no-such-file`", None),
            ("some/where:main", "absolute path", None),
            (
                "libc.so.6:maloc",
                "has no function `maloc`",
                Some("libc.so.6:malloc"),
            ),
            ("libc.so.6:strlen", "indirect function", None),
            ("/proc/self/status:main", "cannot be read", None),
        ] {
            let error = find(target).unwrap_err();
            assert!(
                error.problem.contains(problem),
                "{target}: {}",
                error.problem
            );
            if let Some(like) = like {
                assert!(
                    error.near.iter().any(|near| near == like),
                    "{:?}",
                    error.near
                );
            }
        }
    }
}
