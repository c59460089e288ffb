// SPDX-License-Identifier: GPL-2.0-only
//! Ring buffers: positions, record headers and wrap-around as the kernel's.
//!
//! The data is mapped twice in a row, so that a record that wraps is still one slice.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rex_abi::Shape;

use super::Entries;
use crate::errno::Errno;

const HEADER: u64 = 8;
const BUSY: u32 = 1 << 31;
const DISCARD: u32 = 1 << 30;
/// Largest record (`RINGBUF_MAX_RECORD_SZ`).
const RECORD_MAX: u64 = u32::MAX as u64 / 4;
const NO_WAKEUP: u64 = 1 << 0;
const FORCE_WAKEUP: u64 = 1 << 1;

/// `BPF_MAP_TYPE_RINGBUF`.
pub struct RingBuffer {
    base: *mut u8,
    size: u64,
    positions: Mutex<Positions>,
}

// SAFETY: the memory is used through raw pointers; headers are read and written only under
// the lock, record data only by the program that reserved it or, once submitted, by readers.
unsafe impl Send for RingBuffer {}
// SAFETY: as above.
unsafe impl Sync for RingBuffer {}

#[derive(Clone, Copy, Default)]
struct Positions {
    consumer: u64,
    producer: u64,
}

impl RingBuffer {
    /// Creates an empty one.
    pub fn new(shape: &Shape) -> Result<Self, Errno> {
        let size = shape.max_entries as usize;
        // SAFETY: the name is NUL terminated.
        let fd = unsafe { libc::memfd_create(c"rex-ringbuf".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: the descriptor was just made and is owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: plain calls on our own descriptor; the second pair of mappings replaces
        // only the reservation made right before.
        unsafe {
            if libc::ftruncate(fd.as_raw_fd(), size as libc::off_t) != 0 {
                return Err(Errno::ENOMEM);
            }
            let both = libc::mmap(
                std::ptr::null_mut(),
                size * 2,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            if both == libc::MAP_FAILED {
                return Err(Errno::ENOMEM);
            }
            for half in 0..2 {
                let mapped = libc::mmap(
                    both.byte_add(half * size),
                    size,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_SHARED | libc::MAP_FIXED,
                    fd.as_raw_fd(),
                    0,
                );
                if mapped == libc::MAP_FAILED {
                    libc::munmap(both, size * 2);
                    return Err(Errno::ENOMEM);
                }
            }
            let positions = Mutex::new(Positions::default());
            Ok(Self {
                base: both.cast(),
                size: size as u64,
                positions,
            })
        }
    }

    /// Reserves a record; gives the address of its data. `__bpf_ringbuf_reserve`.
    pub fn reserve(&self, size: u64, flags: u64) -> Option<*mut u8> {
        if flags != 0 || size > RECORD_MAX {
            return None;
        }
        let mut positions = self.lock();
        let end = positions.producer + record_len(size);
        if end - positions.consumer > self.size - 1 {
            return None;
        }
        let header = self.header(positions.producer);
        // SAFETY: the header lies in the mapping; it is ours under the lock.
        unsafe { header.write_unaligned(size as u32 | BUSY) };
        let data = header.cast::<u8>().wrapping_add(HEADER as usize);
        positions.producer = end;
        Some(data)
    }

    /// Publishes a reserved record, or gives it up. The address must be one that `reserve`
    /// gave and that was not committed yet.
    pub fn commit(&self, data: *mut u8, discard: bool) {
        let _positions = self.lock();
        let header = data.wrapping_sub(HEADER as usize).cast::<u32>();
        // SAFETY: the caller passes an address from `reserve`.
        unsafe {
            let len = header.read_unaligned() & !BUSY;
            header.write_unaligned(if discard { len | DISCARD } else { len });
        }
    }

    /// Copies a record in. `bpf_ringbuf_output`.
    pub fn output(&self, data: &[u8], flags: u64) -> Result<(), Errno> {
        if flags & !(NO_WAKEUP | FORCE_WAKEUP) != 0 {
            return Err(Errno::EINVAL);
        }
        let record = self.reserve(data.len() as u64, 0).ok_or(Errno::EAGAIN)?;
        // SAFETY: the record has room for these bytes.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), record, data.len()) };
        self.commit(record, false);
        Ok(())
    }

    /// `bpf_ringbuf_query`: 0 bytes not yet read, 1 size, 2 and 3 the positions.
    pub fn query(&self, what: u64) -> u64 {
        let positions = *self.lock();
        match what {
            0 => positions.producer - positions.consumer,
            1 => self.size,
            2 => positions.consumer,
            3 => positions.producer,
            _ => 0,
        }
    }

    /// Submitted records that nobody took yet, up to the first that is still reserved.
    pub fn entries(&self) -> Entries {
        self.walk(&mut self.lock().clone())
    }

    /// As [`Self::entries`], and frees their room.
    pub fn take(&self) -> Entries {
        self.walk(&mut self.lock())
    }

    fn walk(&self, positions: &mut Positions) -> Entries {
        let mut records = Vec::new();
        while positions.consumer < positions.producer {
            let header = self.header(positions.consumer);
            // SAFETY: the header lies in the mapping.
            let word = unsafe { header.read_unaligned() };
            if word & BUSY != 0 {
                break;
            }
            let size = u64::from(word & !DISCARD).min(self.size);
            if word & DISCARD == 0 {
                let data = header.cast::<u8>().wrapping_add(HEADER as usize);
                let mut bytes = vec![0; size as usize];
                // SAFETY: a record lies in the double mapping as a whole.
                unsafe { std::ptr::copy(data, bytes.as_mut_ptr(), bytes.len()) };
                records.push((Vec::new(), bytes));
            }
            positions.consumer += record_len(size);
        }
        records
    }

    fn header(&self, position: u64) -> *mut u32 {
        self.base
            .wrapping_add((position & (self.size - 1)) as usize)
            .cast()
    }

    fn lock(&self) -> MutexGuard<'_, Positions> {
        self.positions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RingBuffer {
    fn drop(&mut self) {
        // SAFETY: both halves belong to this value alone.
        unsafe { libc::munmap(self.base.cast(), self.size as usize * 2) };
    }
}

fn record_len(size: u64) -> u64 {
    (size + HEADER).next_multiple_of(8)
}
