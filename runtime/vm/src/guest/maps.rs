// SPDX-License-Identifier: GPL-2.0-only
//! The kernel's own maps, by bpf(2).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use rex_image::Map;

use crate::control::Refused;

const BPF_MAP_CREATE: i32 = 0;

#[repr(C)]
#[derive(Default)]
struct Create {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    map_name: [u8; 16],
}

/// Creates a map as an image asks for it.
pub fn create(map: &Map) -> Result<OwnedFd, Refused> {
    let mut request = Create {
        map_type: map.kind,
        key_size: map.key_size,
        value_size: map.value_size,
        max_entries: map.max_entries,
        map_flags: map.flags,
        ..Create::default()
    };
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.".contains(byte);
    let name = map.name.bytes().filter(allowed).take(15);
    for (to, byte) in request.map_name.iter_mut().zip(name) {
        *to = byte;
    }
    // SAFETY: the structure is the start of bpf(2)'s for this command.
    let descriptor = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_MAP_CREATE,
            &raw const request,
            size_of::<Create>(),
        )
    };
    if descriptor < 0 {
        let what = format!("create map `{}`", map.name);
        return Err(Refused::io(&what, &io::Error::last_os_error()));
    }
    // SAFETY: the kernel just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}
