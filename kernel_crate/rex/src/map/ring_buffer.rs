// SPDX-License-Identifier: GPL-2.0-only
//! The ring buffer and its records.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::RexRingBuf;
use crate::ffi;
use crate::linux::bpf::{BPF_RB_AVAIL_DATA, BPF_RB_CONS_POS, BPF_RB_PROD_POS, BPF_RB_RING_SIZE};
use crate::utils::{NoRef, Result, to_result};

impl RexRingBuf {
    /// Reserves a record of `size` bytes, to be filled and then submitted.
    ///
    /// Helper: `rex_ringbuf_reserve`. All program types. `None` if there is no room. A
    /// record that is neither submitted nor discarded is discarded when it is dropped, and
    /// by the runtime if the program is ended.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static records: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn tell(pid: u32) {
    ///     if let Some(mut record) = records.reserve(4) {
    ///         record.copy_from_slice(&pid.to_ne_bytes());
    ///         record.submit(0);
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn reserve<'a>(&'static self, size: usize) -> Option<RexRingBufEntry<'a>> {
        // SAFETY: Null, or memory of `size` bytes that belongs to this invocation until it
        // gives it back.
        unsafe {
            let start = ffi::rex_ringbuf_reserve(self.handle(), size as u64, 0);
            if start.is_null() {
                return None;
            }
            Some(RexRingBufEntry {
                data: core::slice::from_raw_parts_mut(start, size),
                written: 0,
            })
        }
    }

    /// Copies `data` into the ring buffer as one record. `flags` is 0,
    /// `BPF_RB_NO_WAKEUP` or `BPF_RB_FORCE_WAKEUP`.
    ///
    /// Helper: `rex_ringbuf_output`. All program types. `Err(-EAGAIN)` if there is no room.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static copies: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn tell(pid: u32) -> rex::Result {
    ///     copies.output(&pid.to_ne_bytes(), 0)
    /// }
    /// ```
    #[inline(always)]
    pub fn output(&'static self, data: &[u8], flags: u64) -> Result {
        // SAFETY: `data` is valid for its length.
        to_result(unsafe {
            ffi::rex_ringbuf_output(self.handle(), data.as_ptr(), data.len() as u64, flags)
        })
    }

    #[inline(always)]
    fn query(&'static self, what: u32) -> Option<u64> {
        // SAFETY: Takes numbers only.
        Some(unsafe { ffi::rex_ringbuf_query(self.handle(), u64::from(what)) })
    }

    /// Bytes that user space has not read yet.
    ///
    /// Helper: `rex_ringbuf_query`. All program types. Always `Some`.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static ring_available_bytes: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn bytes() -> u64 {
    ///     ring_available_bytes.available_bytes().unwrap_or(0)
    /// }
    /// ```
    #[inline(always)]
    pub fn available_bytes(&'static self) -> Option<u64> {
        self.query(BPF_RB_AVAIL_DATA)
    }

    /// Size of the buffer in bytes.
    ///
    /// Helper: `rex_ringbuf_query`. All program types. Always `Some`.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static ring_size: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn bytes() -> u64 {
    ///     ring_size.size().unwrap_or(0)
    /// }
    /// ```
    #[inline(always)]
    pub fn size(&'static self) -> Option<u64> {
        self.query(BPF_RB_RING_SIZE)
    }

    /// Where the reader stands, in bytes since the map was made.
    ///
    /// Helper: `rex_ringbuf_query`. All program types. Always `Some`.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static ring_consumer_position: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn bytes() -> u64 {
    ///     ring_consumer_position.consumer_position().unwrap_or(0)
    /// }
    /// ```
    #[inline(always)]
    pub fn consumer_position(&'static self) -> Option<u64> {
        self.query(BPF_RB_CONS_POS)
    }

    /// Where writers stand, in bytes since the map was made.
    ///
    /// Helper: `rex_ringbuf_query`. All program types. Always `Some`.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static ring_producer_position: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn bytes() -> u64 {
    ///     ring_producer_position.producer_position().unwrap_or(0)
    /// }
    /// ```
    #[inline(always)]
    pub fn producer_position(&'static self) -> Option<u64> {
        self.query(BPF_RB_PROD_POS)
    }
}

/// A reserved record of a ring buffer: a slice of bytes to fill.
///
/// As a [`fmt::Write`] it takes text from its start and keeps a NUL behind it.
///
/// ```
/// use rex::map::RexRingBuf;
/// use rex::rex_map;
///
/// #[rex_map]
/// static lines: RexRingBuf = RexRingBuf::new(4096, 0);
///
/// fn tell(pid: u32) {
///     use core::fmt::Write;
///     if let Some(mut record) = lines.reserve(32) {
///         match write!(record, "PID {pid}") {
///             Ok(()) => record.submit(0),
///             Err(_) => record.discard(0),
///         }
///     }
/// }
/// ```
pub struct RexRingBufEntry<'a> {
    data: &'a mut [u8],
    written: usize,
}

impl !NoRef for RexRingBufEntry<'_> {}

impl RexRingBufEntry<'_> {
    /// Publishes the record. `flags` is 0, `BPF_RB_NO_WAKEUP` or `BPF_RB_FORCE_WAKEUP`.
    ///
    /// Helper: `rex_ringbuf_submit`. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static submitted: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn tell(value: u8) {
    ///     if let Some(mut record) = submitted.reserve(1) {
    ///         record.fill(value);
    ///         record.submit(0);
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn submit(self, flags: u64) {
        let start = self.data.as_ptr().cast_mut();
        core::mem::forget(self);
        // SAFETY: The record was reserved by this invocation and is not used after.
        unsafe { ffi::rex_ringbuf_submit(start, flags) }
    }

    /// Gives the record up; user space does not see it.
    ///
    /// Helper: `rex_ringbuf_discard`. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::RexRingBuf;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static discarded: RexRingBuf = RexRingBuf::new(4096, 0);
    ///
    /// fn tell_unless_zero(value: u8) {
    ///     if let Some(mut record) = discarded.reserve(1) {
    ///         record.fill(value);
    ///         if value == 0 {
    ///             record.discard(0);
    ///         } else {
    ///             record.submit(0);
    ///         }
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn discard(self, flags: u64) {
        let start = self.data.as_ptr().cast_mut();
        core::mem::forget(self);
        // SAFETY: The record was reserved by this invocation and is not used after.
        unsafe { ffi::rex_ringbuf_discard(start, flags) }
    }
}

impl Deref for RexRingBufEntry<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.data
    }
}

impl DerefMut for RexRingBufEntry<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.data
    }
}

impl fmt::Write for RexRingBufEntry<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.written + text.len();
        // One byte more, for the NUL.
        let place = self.data.get_mut(self.written..=end).ok_or(fmt::Error)?;
        let (body, nul) = place.split_at_mut(text.len());
        body.copy_from_slice(text.as_bytes());
        nul.fill(0);
        self.written = end;
        Ok(())
    }
}

impl Drop for RexRingBufEntry<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: The record was reserved by this invocation and is not used after.
        unsafe { ffi::rex_ringbuf_discard(self.data.as_mut_ptr(), 0) }
    }
}
