// SPDX-License-Identifier: GPL-2.0-only
//! Results, byte order, and structures read from bytes.

use core::ffi::{c_int, c_uchar};
use core::ops::{Deref, DerefMut};

use crate::linux::bpf::{BPF_F_CURRENT_CPU, BPF_F_INDEX_MASK};
use crate::made_of::{assert_any_bits, assert_no_padding};
use crate::map::RexPerfEventArray;
pub use crate::no_ref::NoRef;

/// What helpers and programs return: a number, or an error number. Errors of the kernel are
/// negative, as `Err(-errno)`.
pub type Result = core::result::Result<c_int, c_int>;

/// A helper's 64-bit answer as a [`Result`].
#[inline(always)]
pub(crate) fn to_result(answer: i64) -> Result {
    if answer < 0 {
        Err(answer as c_int)
    } else {
        Ok(answer as c_int)
    }
}

/// Turns a number into a [`rex::Result`](crate::Result): negative ones are errors.
#[macro_export]
macro_rules! to_result {
    ($value:expr) => {{
        let value = $value;
        if value < 0 {
            ::core::result::Result::Err(value as i32)
        } else {
            ::core::result::Result::Ok(value as i32)
        }
    }};
}

/// Copies one field of a header out of a byte slice, without changing its byte order:
/// `read_field!(slice, offset_of_the_header, iphdr, protocol, u8)`.
///
/// Panics if the slice is too short.
#[macro_export]
macro_rules! read_field {
    ($slice:expr, $header_base:expr, $header:path, $field:ident, $type:ty) => {{
        let start = $header_base + ::core::mem::offset_of!($header, $field);
        *$crate::utils::convert_slice_to_struct::<$type>(
            &$slice[start..start + ::core::mem::size_of::<$type>()],
        )
    }};
}

/// A number in network byte order; `u16::from` gives its value.
#[repr(transparent)]
#[derive(Copy, Clone)]
pub struct u16be(pub(crate) u16);

impl From<u16be> for u16 {
    #[inline(always)]
    fn from(value: u16be) -> Self {
        Self::from_be(value.0)
    }
}

impl From<u16> for u16be {
    #[inline(always)]
    fn from(value: u16) -> Self {
        Self(value.to_be())
    }
}

/// A structure read from bytes: in place where they are aligned, else a copy.
pub struct Aligned<'a, T> {
    place: Place<&'a T, T>,
}

/// A structure in bytes, changed in place where they are aligned, else written back when
/// this is dropped.
pub struct AlignedMut<'a, T: Copy> {
    place: Place<&'a mut T, (T, &'a mut [u8])>,
}

enum Place<R, C> {
    InPlace(R),
    Copied(C),
}

impl<T> !NoRef for Aligned<'_, T> {}
impl<T: Copy> !NoRef for AlignedMut<'_, T> {}

impl<T> Deref for Aligned<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        match &self.place {
            Place::InPlace(value) => value,
            Place::Copied(value) => value,
        }
    }
}

impl<T: Copy> Deref for AlignedMut<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        match &self.place {
            Place::InPlace(value) => value,
            Place::Copied((value, _)) => value,
        }
    }
}

impl<T: Copy> DerefMut for AlignedMut<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.place {
            Place::InPlace(value) => value,
            Place::Copied((value, _)) => value,
        }
    }
}

impl<T: Copy> Drop for AlignedMut<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Place::Copied((value, bytes)) = &mut self.place {
            // SAFETY: `bytes` was cut to the size of `T` when this was made.
            unsafe { bytes.as_mut_ptr().cast::<T>().write_unaligned(*value) }
        }
    }
}

/// Reads the start of `slice` as a `T`.
///
/// Panics if the slice is shorter than a `T`. A `T` with invalid bit patterns is refused
/// when the extension is compiled.
#[inline(always)]
pub fn convert_slice_to_struct<T>(slice: &[c_uchar]) -> Aligned<'_, T>
where
    T: Copy + NoRef,
{
    const { assert_any_bits::<T>() };
    assert!(
        slice.len() >= size_of::<T>(),
        "size mismatch in convert_slice_to_struct"
    );
    let start = slice.as_ptr().cast::<T>();
    // SAFETY: The slice is long enough and any bytes are a `T`; the reference is made only
    // where the address is aligned for it.
    let place = unsafe {
        if start.is_aligned() {
            Place::InPlace(&*start)
        } else {
            Place::Copied(start.read_unaligned())
        }
    };
    Aligned { place }
}

/// Gives the start of `slice` as a `T` that can be changed.
///
/// Panics if the slice is shorter than a `T`. A `T` with invalid bit patterns or with padding
/// is refused when the extension is compiled.
#[inline(always)]
pub fn convert_slice_to_struct_mut<T>(slice: &mut [c_uchar]) -> AlignedMut<'_, T>
where
    T: Copy + NoRef,
{
    const { assert_any_bits::<T>() };
    const { assert_no_padding::<T>() };
    assert!(
        slice.len() >= size_of::<T>(),
        "size mismatch in convert_slice_to_struct_mut"
    );
    let bytes = &mut slice[..size_of::<T>()];
    let start = bytes.as_mut_ptr().cast::<T>();
    // SAFETY: The slice is long enough and any bytes are a `T`; the reference is made only
    // where the address is aligned for it, and takes the place of the slice's borrow.
    let place = unsafe {
        if start.is_aligned() {
            Place::InPlace(&mut *start)
        } else {
            Place::Copied((start.read_unaligned(), bytes))
        }
    };
    AlignedMut { place }
}

mod sealed {
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// Program types that can send records to a perf event array.
pub trait PerfEventStreamer: Sealed {
    /// Context of the program type.
    type Context;

    /// Sends `data` to the event of `cpu` in `map`.
    ///
    /// Helper: `rex_perf_output`. Tracepoint programs. `Err(-ENOENT)` if no event is open
    /// there, `Err(-ENOSPC)` if its buffer is full, `Err(-EOPNOTSUPP)` where the target has
    /// no perf events.
    fn output_event<T: Copy + NoRef>(
        &self,
        ctx: &Self::Context,
        map: &'static RexPerfEventArray<T>,
        data: &T,
        cpu: PerfEventMaskedCPU,
    ) -> Result;
}

/// A CPU whose perf event a record goes to.
#[derive(Debug, Copy, Clone)]
pub struct PerfEventMaskedCPU {
    pub(crate) masked: u64,
}

// Made of bytes it would not be masked.
impl !NoRef for PerfEventMaskedCPU {}

impl PerfEventMaskedCPU {
    /// The CPU the program runs on.
    pub fn current_cpu() -> Self {
        Self {
            masked: BPF_F_CURRENT_CPU,
        }
    }

    /// A CPU by number; bits that are no CPU number are dropped.
    pub fn any_cpu(cpu: u64) -> Self {
        Self {
            masked: cpu & BPF_F_INDEX_MASK,
        }
    }
}
