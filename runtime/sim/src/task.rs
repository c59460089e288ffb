// SPDX-License-Identifier: GPL-2.0-only
//! Tasks as programs see them: threads of this machine, read from procfs.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::errno::Errno;

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Task {
    /// Thread id, which the kernel calls the task's pid.
    pub pid: i32,
    /// Process id.
    pub tgid: i32,
    /// Name where it is not the running thread's own (events from a file).
    pub comm: Option<String>,
    /// Whether it is stopped under our trace, so that the numbers are its own and its memory
    /// can be read.
    pub traced: bool,
}

impl Task {
    /// The thread with this id, if there is one.
    pub fn find(pid: i32) -> Option<Self> {
        Some(Self {
            pid,
            tgid: thread_group(pid)?,
            comm: None,
            traced: false,
        })
    }

    /// A thread that this one traces.
    pub fn traced(pid: i32) -> Self {
        Self {
            pid,
            tgid: thread_group(pid).unwrap_or(pid),
            comm: None,
            traced: true,
        }
    }

    /// Its name, NUL padded, as `task_struct.comm`; empty if the thread is gone.
    pub fn comm(&self) -> [u8; 16] {
        let name = match &self.comm {
            Some(name) => name.clone().into_bytes(),
            None => {
                fs::read(format!("/proc/{}/task/{}/comm", self.tgid, self.pid)).unwrap_or_default()
            }
        };
        let mut comm = [0; 16];
        let name = name.strip_suffix(b"\n").unwrap_or(&name);
        let len = name.len().min(15);
        comm[..len].copy_from_slice(&name[..len]);
        comm
    }

    /// Time in user mode in nanoseconds, in steps of the clock tick; 0 if it is gone.
    pub fn utime(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/task/{}/stat", self.tgid, self.pid));
        // The name in parentheses may hold anything; utime is field 14 (proc(5)), the
        // twelfth behind it.
        let ticks = stat.ok().and_then(|stat| {
            let (_, rest) = stat.rsplit_once(')')?;
            rest.split_ascii_whitespace().nth(11)?.parse::<u64>().ok()
        });
        // SAFETY: sysconf has no preconditions.
        let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        ticks.unwrap_or(0) * (1_000_000_000 / u64::try_from(per_second).unwrap_or(100).max(1))
    }
}

impl Task {
    /// Real user id in the low and group id in the high half.
    pub fn uid_gid(&self) -> Option<u64> {
        let status =
            fs::read_to_string(format!("/proc/{}/task/{}/status", self.tgid, self.pid)).ok()?;
        let id = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_ascii_whitespace().next()?.parse::<u32>().ok()
        };
        Some(u64::from(id("Gid:")?) << 32 | u64::from(id("Uid:")?))
    }

    /// Inode of the directory of its cgroup of version 2, which is the cgroup's id.
    pub fn cgroup_id(&self) -> Option<u64> {
        let groups = fs::read_to_string(format!("/proc/{}/cgroup", self.pid)).ok()?;
        let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
        let known = |root: &&str| fs::exists(format!("{root}/cgroup.controllers")).unwrap_or(false);
        let root = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
            .into_iter()
            .find(known)?;
        Some(fs::metadata(format!("{root}{path}")).ok()?.ino())
    }

    /// Sends a signal to its process, or to one thread of it.
    pub fn signal(&self, signal: i32, thread: Option<i32>) -> Result<(), Errno> {
        // SAFETY: signals to a process that is stopped under our trace: its number is its
        // own until it is reaped.
        let result = unsafe {
            match thread {
                Some(thread) => libc::syscall(libc::SYS_tgkill, self.tgid, thread, signal),
                None => libc::c_long::from(libc::kill(self.tgid, signal)),
            }
        };
        match result {
            0 => Ok(()),
            _ => Err(Errno(
                io::Error::last_os_error()
                    .raw_os_error()
                    .unwrap_or(libc::EINVAL),
            )),
        }
    }
}

/// Process id of the thread `pid`.
pub fn thread_group(pid: i32) -> Option<i32> {
    status(pid, "Tgid:")
}

/// Process id of the parent of `pid`.
pub fn parent(pid: i32) -> Option<i32> {
    status(pid, "PPid:")
}

fn status(pid: i32, name: &str) -> Option<i32> {
    if pid <= 0 {
        return None;
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_this_thread() {
        let name = std::thread::Builder::new().name("rex-task-test".into());
        let thread = name.spawn(|| {
            // SAFETY: gettid has no preconditions.
            let task = Task::find(unsafe { libc::gettid() }).unwrap();
            assert_eq!(task.tgid, i32::try_from(std::process::id()).unwrap());
            assert_eq!(&task.comm()[..14], b"rex-task-test\0");
            let before = task.utime();
            let start = std::time::Instant::now();
            while task.utime() == before {
                assert!(
                    start.elapsed().as_secs() < 30,
                    "time in user mode stands still"
                );
                (0..100_000).for_each(|number| {
                    std::hint::black_box(number);
                });
            }
        });
        thread.unwrap().join().unwrap();
        assert_eq!(Task::find(-1), None);
        assert_eq!(Task::find(i32::MAX), None);
    }
}
