// SPDX-License-Identifier: GPL-2.0-only
//! Reads of memory that may not be there: the simulator's own, which stands for the
//! kernel's, and that of the traced process.

use crate::errno::{self, Errno};
use crate::invocation::Invocation;
use crate::stop::helper;

const PAGE: usize = 4096;

/// Reads `len` bytes of a process; gives how many could be read.
///
/// # Safety
/// `dst` must be valid for writes of `len` bytes.
unsafe fn read(pid: i32, dst: *mut u8, len: usize, src: u64) -> usize {
    let local = libc::iovec {
        iov_base: dst.cast(),
        iov_len: len,
    };
    let remote = libc::iovec {
        iov_base: src as *mut libc::c_void,
        iov_len: len,
    };
    // SAFETY: reading through the kernel cannot fault; `dst` is the caller's promise.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).unwrap_or(0)
}

/// Reads all of `dst` or zeroes it.
///
/// # Safety
/// As for [`read`].
unsafe fn exact(pid: Option<i32>, dst: *mut u8, size: u32, src: *const u8) -> i64 {
    let len = size as usize;
    // SAFETY: the caller's promise.
    if pid.is_some_and(|pid| unsafe { read(pid, dst, len, src as u64) } == len) {
        return 0;
    }
    // SAFETY: the caller's promise.
    unsafe { dst.write_bytes(0, len) };
    Errno::EFAULT.result()
}

/// Reads up to the first NUL, but no more than fits; what is cut off is ended by a NUL.
/// Gives the bytes with the NUL. Page by page: what follows the string may not be there.
///
/// # Safety
/// As for [`read`].
unsafe fn string(pid: Option<i32>, dst: *mut u8, size: u32, src: *const u8) -> i64 {
    let len = size as usize;
    let mut done = 0;
    while let Some(pid) = pid
        && done < len
    {
        let at = (src as u64).wrapping_add(done as u64);
        let chunk = (len - done).min(PAGE - at as usize % PAGE);
        // SAFETY: `done + chunk` is at most `len`, the caller's promise.
        let read = unsafe { read(pid, dst.add(done), chunk, at) };
        // SAFETY: this part was just written.
        let bytes = unsafe { std::slice::from_raw_parts(dst.add(done), read) };
        if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            let used = done + end + 1;
            // SAFETY: the rest of the caller's buffer.
            unsafe { dst.add(used).write_bytes(0, len - used) };
            return used as i64;
        }
        done += read;
        if read < chunk {
            break;
        }
    }
    if done == len && len > 0 {
        // SAFETY: the last byte of the caller's buffer.
        unsafe { dst.add(len - 1).write(0) };
        return len as i64;
    }
    // SAFETY: the caller's promise.
    unsafe { dst.write_bytes(0, len) };
    errno::result(if len == 0 { Ok(()) } else { Err(Errno::EFAULT) })
}

/// The simulator's own process.
fn own() -> Option<i32> {
    i32::try_from(std::process::id()).ok()
}

/// The process whose memory a program may read as the current one's: a traced one.
fn traced(invocation: &Invocation) -> Option<i32> {
    let task = invocation.task()?;
    task.traced.then_some(task.pid)
}

/// Reads the simulator's own memory; what cannot be read is -EFAULT, with `dst` zeroed.
pub unsafe extern "C" fn rex_probe_read_kernel(dst: *mut u8, size: u32, src: *const u8) -> i64 {
    // SAFETY: the crate passes a buffer of its own of this size.
    helper(|_| Ok(unsafe { exact(own(), dst, size, src) }))
}

/// Reads a string of the simulator's own memory.
pub unsafe extern "C" fn rex_probe_read_kernel_str(dst: *mut u8, size: u32, src: *const u8) -> i64 {
    // SAFETY: as above.
    helper(|_| Ok(unsafe { string(own(), dst, size, src) }))
}

/// Reads memory of the traced process.
pub unsafe extern "C" fn rex_probe_read_user(dst: *mut u8, size: u32, src: *const u8) -> i64 {
    // SAFETY: as above.
    helper(|invocation| Ok(unsafe { exact(traced(invocation), dst, size, src) }))
}

/// Reads a string of the traced process.
pub unsafe extern "C" fn rex_probe_read_user_str(dst: *mut u8, size: u32, src: *const u8) -> i64 {
    // SAFETY: as above.
    helper(|invocation| Ok(unsafe { string(traced(invocation), dst, size, src) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_string(size: usize, src: *const u8) -> (i64, Vec<u8>) {
        let mut out = vec![0xaa; size];
        // SAFETY: the buffer has this size.
        let length = unsafe { string(own(), out.as_mut_ptr(), size as u32, src) };
        (length, out)
    }

    #[test]
    fn a_string_ends_at_its_nul_or_at_the_buffers_end() {
        let text = b"hello\0there\0";
        assert_eq!(read_string(8, text.as_ptr()), (6, b"hello\0\0\0".to_vec()));
        assert_eq!(read_string(3, text.as_ptr()), (3, b"he\0".to_vec()));
        assert_eq!(read_string(0, text.as_ptr()), (0, vec![]));
        let fault = Errno::EFAULT.result();
        assert_eq!(read_string(4, 16 as *const u8), (fault, vec![0; 4]));
    }

    #[test]
    fn a_string_in_front_of_a_hole_is_read() {
        // SAFETY: a new mapping of two pages, of which the second is taken away again.
        unsafe {
            let at = libc::mmap(
                std::ptr::null_mut(),
                2 * PAGE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(at, libc::MAP_FAILED);
            let at = at.cast::<u8>();
            libc::munmap(at.add(PAGE).cast(), PAGE);
            let end = at.add(PAGE - 3);
            end.copy_from(c"ab".as_ptr().cast(), 3);
            assert_eq!(read_string(64, end).0, 3);
            at.add(PAGE - 1).write(b'c');
            assert_eq!(read_string(64, end), (Errno::EFAULT.result(), vec![0; 64]));
            libc::munmap(at.cast(), PAGE);
        }
    }
}
