// SPDX-License-Identifier: GPL-2.0-only
//! Copies of packets from a live interface, through a packet socket.

use std::ffi::CString;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::{Context, End, Prepared, packets};
use crate::errno::Errno;
use crate::error::{Failure, Kind};
use crate::near::near;
use crate::packet::{Ingress, Outside, Packet};

/// Longest packet taken, in bytes.
const LONGEST: usize = 65536;
/// How often a quiet interface is left to look whether the source is to end.
const PATIENCE_MS: i64 = 50;

/// Opens a packet socket bound to the interface.
pub fn prepare(name: &str) -> Result<Prepared, Failure> {
    let index = index(name)?;
    let socket = open(index).map_err(|error| {
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        let kind = if denied {
            Kind::NotPermitted
        } else {
            Kind::SourceFailed
        };
        Failure::new(kind, format!("packets of `{name}` cannot be read: {error}"))
            .repair("reading packets needs CAP_NET_RAW; or use a pcap file")
    })?;
    let out = socket.try_clone().map_err(|error| {
        let message = format!("packets cannot be sent from `{name}`: {error}");
        Failure::new(Kind::SourceFailed, message)
    })?;
    Ok(Box::new(move |context| {
        let outside = Outside::real(move |ifindex, data| send(&out, ifindex, data));
        Some(run(context, &socket, index, outside))
    }))
}

fn index(name: &str) -> Result<u32, Failure> {
    let found = CString::new(name).map_or(0, |name| {
        // SAFETY: the name is NUL terminated.
        unsafe { libc::if_nametoindex(name.as_ptr()) }
    });
    if found != 0 {
        return Ok(found);
    }
    let names = std::fs::read_dir("/sys/class/net")
        .into_iter()
        .flatten()
        .flatten();
    let names: Vec<_> = names
        .map(|entry| entry.file_name().to_string_lossy().into())
        .collect();
    let message = format!(
        "there is no interface `{name}`; there are {}",
        names.join(", ")
    );
    Err(Failure {
        near: near(name, names.into_iter()),
        ..Failure::new(Kind::SourceFailed, message)
    })
}

fn open(index: u32) -> io::Result<OwnedFd> {
    let protocol = (libc::ETH_P_ALL as u16).to_be();
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers.
    let socket = unsafe { libc::socket(libc::AF_PACKET, kind, i32::from(protocol)) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made and is owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: an all-zero address is valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol;
    address.sll_ifindex = index as i32;
    let timeout = libc::timeval {
        tv_sec: 0,
        tv_usec: PATIENCE_MS * 1000,
    };
    // SAFETY: both pointers go with the sizes of what they point to.
    let failed = unsafe {
        libc::bind(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            mem::size_of_val(&address) as u32,
        ) != 0
            || libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_RCVTIMEO,
                (&raw const timeout).cast(),
                mem::size_of_val(&timeout) as u32,
            ) != 0
    };
    if failed {
        Err(io::Error::last_os_error())
    } else {
        Ok(socket)
    }
}

/// Sends a packet through any interface; the kernel's answer if it does not go.
fn send(socket: &OwnedFd, ifindex: u32, data: &[u8]) -> Result<(), Errno> {
    // SAFETY: an all-zero address is valid.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = i32::try_from(ifindex).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the packet and the address go with their sizes.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            data.as_ptr().cast(),
            data.len(),
            libc::MSG_DONTWAIT,
            (&raw const address).cast(),
            mem::size_of_val(&address) as u32,
        )
    };
    if sent >= 0 {
        return Ok(());
    }
    match io::Error::last_os_error().raw_os_error() {
        // What a redirect answers where there is no such interface.
        Some(libc::ENXIO | libc::ENODEV) | None => Err(Errno::EINVAL),
        Some(errno) => Err(Errno(errno)),
    }
}

fn run(context: &mut Context, socket: &OwnedFd, ifindex: u32, outside: Outside) -> End {
    let ingress = Ingress { ifindex, queue: 0 };
    let mut packet = Packet::among(outside, &[], ingress);
    let mut buffer = vec![0u8; LONGEST];
    let mut seen = 0;
    while !context.stopper.asked() {
        // SAFETY: an all-zero address is valid.
        let mut from: libc::sockaddr_ll = unsafe { mem::zeroed() };
        let mut from_len = mem::size_of_val(&from) as u32;
        // SAFETY: the buffer and the address go with their sizes.
        let count = unsafe {
            libc::recvfrom(
                socket.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                0,
                (&raw mut from).cast(),
                &raw mut from_len,
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => continue,
                _ => return End::failed(format!("packets cannot be read: {error}")),
            }
        };
        // XDP sees what comes in, not what this machine sends.
        if from.sll_pkttype == libc::PACKET_OUTGOING {
            continue;
        }
        packet.set(&buffer[..count], ingress);
        if packets::run(context, &packet, seen).verdict.is_none() {
            return End::failed("no program is attached any more");
        }
        seen += 1;
    }
    End::default()
}
