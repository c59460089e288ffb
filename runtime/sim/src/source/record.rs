// SPDX-License-Identifier: GPL-2.0-only
//! Records that programs at system calls' tracepoints are given.

/// A record of a system-call tracepoint: eight bytes common to all, the number, and the
/// arguments or the result.
///
/// Layout: `syscalls/sys_enter_NAME` and `raw_syscalls/sys_enter` agree on it for 64-bit
/// x86 (number at 8, arguments from 16 on, 8 bytes each), and so do the two exits.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    event_type: u16,
    flags: u8,
    preempt_count: u8,
    pid: i32,
    number: i64,
    words: [u64; 6],
}

impl Record {
    /// Before a system call.
    pub fn enter(pid: i32, number: u32, arguments: [u64; 6]) -> Self {
        let number = i64::from(number);
        Self {
            event_type: 0,
            flags: 0,
            preempt_count: 0,
            pid,
            number,
            words: arguments,
        }
    }

    /// After a system call.
    pub fn exit(pid: i32, number: u32, result: i64) -> Self {
        Self::enter(pid, number, [result as u64, 0, 0, 0, 0, 0])
    }

    /// As a program's context.
    pub fn context(&mut self) -> *mut () {
        (&raw mut *self).cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_those_of_the_snapshot() {
        assert_eq!(std::mem::offset_of!(Record, pid), 4);
        for (event, name, offset) in [
            (
                "syscalls/sys_enter_dup",
                "__syscall_nr",
                std::mem::offset_of!(Record, number),
            ),
            (
                "syscalls/sys_enter_dup",
                "fildes",
                std::mem::offset_of!(Record, words),
            ),
            (
                "syscalls/sys_enter_openat",
                "mode",
                std::mem::offset_of!(Record, words) + 24,
            ),
            (
                "syscalls/sys_exit_openat",
                "ret",
                std::mem::offset_of!(Record, words),
            ),
            (
                "raw_syscalls/sys_enter",
                "id",
                std::mem::offset_of!(Record, number),
            ),
            (
                "raw_syscalls/sys_exit",
                "ret",
                std::mem::offset_of!(Record, words),
            ),
        ] {
            let snapshot = rex_abi::contexts::context(event).unwrap();
            let field = snapshot.fields().find(|field| field.name == name).unwrap();
            assert_eq!(field.offset as usize, offset, "{event} {name}");
        }
    }
}
