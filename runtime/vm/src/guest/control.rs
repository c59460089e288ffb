// SPDX-License-Identifier: GPL-2.0-only
//! `/dev/rex`: the structures of `runtime/kmod/rex_ioctl.h`, and its requests.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const VERSION: u32 = 1;
/// Bytes of an attach target.
const TARGET_LEN: usize = 128;
/// Addresses of a stop's trace.
pub const TRACE_DEPTH: usize = 64;

/// What the kernel, or a step before it, does not do.
#[derive(Debug)]
pub struct Refused {
    /// Error number.
    pub errno: i32,
    /// Why.
    pub message: String,
}

impl Refused {
    /// Of a failed operation of the system's.
    pub fn io(what: &str, error: &io::Error) -> Self {
        Self {
            errno: error.raw_os_error().unwrap_or(libc::EIO),
            message: format!("cannot {what}: {error}"),
        }
    }
}

#[repr(C)]
struct Reply {
    text: u64,
    text_len: u32,
    reserved: u32,
}

#[repr(C)]
struct Load {
    version: u32,
    map_count: u32,
    image: u64,
    image_len: u64,
    map_fds: u64,
    reply: Reply,
}

#[repr(C)]
struct Attach {
    program: u32,
    cpu: u32,
    target: [u8; TARGET_LEN],
    event_type: u32,
    reserved: u32,
    event_config: u64,
    event_period: u64,
    reply: Reply,
}

/// How often a program ran, and whether it still does.
#[repr(C)]
#[derive(Default)]
pub struct Status {
    program: u32,
    /// Not 0 once it was stopped.
    pub dead: u32,
    /// Runs.
    pub runs: u64,
    /// Runs that were refused.
    pub misses: u64,
    /// Events of the image that were lost.
    pub events_lost: u64,
    link_base: u64,
}

/// Start of an event; its payload follows.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Event {
    /// Bytes with the payload and padding.
    pub size: u32,
    /// 1 trace, 2 stop, 3 released.
    pub kind: u32,
    /// Monotonic time in nanoseconds.
    pub t_ns: u64,
    /// Index of the program.
    pub program: u32,
    /// Thread it ran on.
    pub pid: i32,
    /// CPU.
    pub cpu: u32,
    /// Bytes of the payload.
    pub len: u32,
}

/// A stop.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Stop {
    /// `REX_STOP_*`.
    pub reason: u32,
    /// Whether the first address is an instruction's own.
    pub exact: u32,
    /// What belongs to the reason.
    pub detail: u64,
    /// Of a panic.
    pub line: u32,
    /// Of a panic.
    pub column: u32,
    /// Bytes of `file`.
    pub file_len: u32,
    /// Bytes of `message`.
    pub message_len: u32,
    /// Addresses in `trace`.
    pub trace_len: u32,
    /// What it held.
    pub released: u32,
    /// Link addresses, innermost first.
    pub trace: [u64; TRACE_DEPTH],
    /// File of a panic.
    pub file: [u8; 256],
    /// Message of a panic.
    pub message: [u8; 512],
}

/// Something a program held when it returned.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Released {
    /// `REX_RESOURCE_*`.
    pub resource: u32,
    reserved: u32,
    /// Link address behind the call that acquired it.
    pub at: u64,
}

const fn request(direction: u64, number: u64, size: usize) -> u64 {
    direction << 30 | (size as u64) << 16 | 0xb7 << 8 | number
}
const LOAD: u64 = request(1, 1, size_of::<Load>());
const ATTACH: u64 = request(1, 2, size_of::<Attach>());
const STATUS: u64 = request(3, 3, size_of::<Status>());

fn reply(text: &mut [u8; 256]) -> Reply {
    Reply {
        text: text.as_mut_ptr() as u64,
        text_len: text.len() as u32,
        reserved: 0,
    }
}

fn ask<T>(on: &impl AsRawFd, request: u64, with: &mut T, text: &[u8; 256]) -> Result<i32, Refused> {
    // SAFETY: `with` is the structure of `request`, and what it points to lives as long.
    let result = unsafe { libc::ioctl(on.as_raw_fd(), request, std::ptr::from_mut(with)) };
    if result >= 0 {
        return Ok(result);
    }
    let error = io::Error::last_os_error();
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(0);
    let message = match end {
        0 => error.to_string(),
        _ => String::from_utf8_lossy(&text[..end]).into_owned(),
    };
    Err(Refused {
        errno: error.raw_os_error().unwrap_or(0),
        message,
    })
}

fn owned(descriptor: i32) -> OwnedFd {
    // SAFETY: the kernel just made it for us.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// Loads a container with its maps; gives the image's descriptor.
pub fn load(file: &[u8], maps: &[OwnedFd]) -> Result<OwnedFd, Refused> {
    let device = File::open("/dev/rex").map_err(|error| Refused::io("open /dev/rex", &error))?;
    let maps: Vec<i32> = maps.iter().map(AsRawFd::as_raw_fd).collect();
    let mut text = [0; 256];
    let mut load = Load {
        version: VERSION,
        map_count: maps.len() as u32,
        image: file.as_ptr() as u64,
        image_len: file.len() as u64,
        map_fds: maps.as_ptr() as u64,
        reply: reply(&mut text),
    };
    ask(&device, LOAD, &mut load, &text).map(owned)
}

/// Where a program is to run.
#[derive(Clone, Copy, Debug)]
pub enum Hook<'a> {
    /// At a kernel function, `SYMBOL` or `SYMBOL+OFFSET`.
    Function(&'a str),
    /// At the tracepoint of this id.
    Tracepoint(u64),
    /// On each millisecond of a CPU's clock, or of all CPUs'.
    Clock(Option<u32>),
}

/// Attaches a program; gives the link's descriptor.
pub fn attach(image: &OwnedFd, program: u32, hook: Hook<'_>) -> Result<OwnedFd, Refused> {
    const PERF_TYPE_SOFTWARE: u32 = 1;
    const PERF_TYPE_TRACEPOINT: u32 = 2;
    const MILLISECOND: u64 = 1_000_000;
    let mut text = [0; 256];
    let mut attach = Attach {
        program,
        cpu: u32::MAX,
        target: [0; TARGET_LEN],
        event_type: 0,
        reserved: 0,
        event_config: 0,
        event_period: 0,
        reply: reply(&mut text),
    };
    match hook {
        Hook::Function(name) => {
            let Some(room) = attach.target.get_mut(..name.len()) else {
                return Err(Refused {
                    errno: libc::ENAMETOOLONG,
                    message: format!("`{name}` is longer than 127 bytes"),
                });
            };
            room.copy_from_slice(name.as_bytes());
        }
        Hook::Tracepoint(id) => {
            attach.event_type = PERF_TYPE_TRACEPOINT;
            attach.event_config = id;
        }
        Hook::Clock(cpu) => {
            attach.cpu = cpu.unwrap_or(u32::MAX);
            attach.event_type = PERF_TYPE_SOFTWARE;
            attach.event_period = MILLISECOND;
        }
    }
    ask(image, ATTACH, &mut attach, &text).map(owned)
}

/// How a program does.
pub fn status(image: &OwnedFd, program: u32) -> Result<Status, Refused> {
    let mut status = Status {
        program,
        ..Status::default()
    };
    ask(image, STATUS, &mut status, &[0; 256]).map(|_| status)
}
