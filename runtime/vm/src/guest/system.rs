// SPDX-License-Identifier: GPL-2.0-only
//! What the first process has to do itself.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;

use serde_json::{Value, json};

fn checked(result: i64) -> io::Result<i64> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Mounts what the kernel shows.
pub fn mount_all() -> io::Result<()> {
    let places = [
        ("devtmpfs", "/dev"),
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("tracefs", "/sys/kernel/tracing"),
    ];
    for (kind, place) in places {
        let (kind, place) = (CString::new(kind)?, CString::new(place)?);
        // SAFETY: strings that end in NUL, and no data.
        checked(i64::from(unsafe {
            libc::mount(
                kind.as_ptr(),
                place.as_ptr(),
                kind.as_ptr(),
                0,
                std::ptr::null(),
            )
        }))?;
    }
    Ok(())
}

/// Loads a kernel module.
pub fn insert_module(path: &str) -> io::Result<()> {
    let file = File::open(path)?;
    // SAFETY: a descriptor and an empty string.
    checked(unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), c"".as_ptr(), 0) })?;
    Ok(())
}

/// Removes `rex.ko`.
pub fn remove_module() -> io::Result<Value> {
    // SAFETY: a string that ends in NUL.
    checked(unsafe { libc::syscall(libc::SYS_delete_module, c"rex".as_ptr(), libc::O_NONBLOCK) })?;
    Ok(json!({}))
}

/// Makes a serial line carry bytes as they are, and reads come back at once.
pub fn make_raw(line: &File) -> io::Result<()> {
    let fd = line.as_raw_fd();
    // SAFETY: a structure of integers, filled by the next call.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: an open descriptor and a structure of ours, in each call.
    unsafe {
        checked(i64::from(libc::tcgetattr(fd, &raw mut settings)))?;
        libc::cfmakeraw(&raw mut settings);
        libc::cfsetspeed(&raw mut settings, libc::B115200);
        checked(i64::from(libc::tcsetattr(
            fd,
            libc::TCSANOW,
            &raw const settings,
        )))?;
        checked(i64::from(libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK)))?;
    }
    Ok(())
}

/// Waits until one of them can be read.
pub fn poll(descriptors: &[RawFd]) -> io::Result<()> {
    waits(descriptors, -1).map(|_| ())
}

/// Whether it can be read at once.
pub fn readable(descriptor: &impl AsRawFd) -> io::Result<bool> {
    waits(&[descriptor.as_raw_fd()], 0)
}

fn waits(descriptors: &[RawFd], timeout: i32) -> io::Result<bool> {
    let wanted = |fd: &RawFd| libc::pollfd {
        fd: *fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut wanted: Vec<_> = descriptors.iter().map(wanted).collect();
    // SAFETY: as many structures as are said.
    let ready = unsafe { libc::poll(wanted.as_mut_ptr(), wanted.len() as libc::nfds_t, timeout) };
    Ok(checked(i64::from(ready))? > 0)
}

/// Makes system calls without arguments, `times` over, in a process for each of `cpus`;
/// gives what each returned last in the first one.
pub fn syscalls(numbers: &[i64], times: u64, cpus: u64) -> io::Result<Value> {
    let (mut reader, writer) = io::pipe()?;
    let mut children = Vec::new();
    for cpu in 0..cpus {
        // SAFETY: this program has one thread.
        let child = checked(i64::from(unsafe { libc::fork() }))?;
        if child == 0 {
            child_calls(numbers, times, cpu, &writer);
        }
        children.push(child);
    }
    drop(writer);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    let mut statuses = 0;
    for child in &children {
        let mut status = 0;
        // SAFETY: a child of ours, and an integer for its end.
        checked(i64::from(unsafe {
            libc::waitpid(*child as i32, &raw mut status, 0)
        }))?;
        statuses |= status;
    }
    let results = bytes.as_chunks::<8>().0.iter();
    let results: Vec<i64> = results.map(|bytes| i64::from_ne_bytes(*bytes)).collect();
    Ok(json!({ "pids": children, "status": statuses, "results": results }))
}

fn child_calls(numbers: &[i64], times: u64, cpu: u64, to: &impl AsRawFd) -> ! {
    let mut results = vec![0; numbers.len()];
    // SAFETY: the calls take no argument that matters, and the rest are of this process.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu as usize, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
        for _ in 0..times {
            for (number, result) in numbers.iter().zip(&mut results) {
                *result = libc::syscall(*number, 0, 0, 0, 0, 0, 0);
                if *result < 0 {
                    *result = -i64::from(*libc::__errno_location());
                }
            }
        }
        if cpu == 0 {
            let len = size_of_val(results.as_slice());
            libc::write(to.as_raw_fd(), results.as_ptr().cast(), len);
        }
        libc::_exit(0)
    }
}

/// What the kernel said so far, without what comes before each line's text.
pub fn kernel_log() -> io::Result<Value> {
    let mut file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open("/dev/kmsg")?;
    let mut lines = Vec::new();
    let mut record = vec![0; 8192];
    loop {
        match file.read(&mut record) {
            Ok(len) => {
                let text = String::from_utf8_lossy(&record[..len]);
                let text = text.split_once(';').map_or(&*text, |(_, text)| text);
                lines.push(text.trim_end().to_owned());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // Some were overwritten meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(json!({ "lines": lines }))
}

/// Ends the machine.
pub fn power_off() {
    // SAFETY: no argument but the command.
    unsafe {
        libc::sync();
        libc::reboot(libc::RB_POWER_OFF);
    }
}
