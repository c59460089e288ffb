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
///
/// ```
/// fn half(value: i32) -> rex::Result {
///     if value % 2 == 0 { Ok(value / 2) } else { Err(-22) }
/// }
/// ```
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
///
/// ```
/// fn checked(answer: i64) -> rex::Result {
///     rex::to_result!(answer)
/// }
/// ```
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
///
/// ```
/// use rex::xdp::{iphdr, xdp_md};
///
/// fn hops_left(ctx: &xdp_md) -> u8 {
///     rex::read_field!(ctx.data_slice, 14, iphdr, ttl, u8)
/// }
/// ```
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
///
/// ```
/// use rex::sched_cls::__sk_buff;
///
/// fn is_ipv4(skb: &__sk_buff) -> bool {
///     u16::from(skb.protocol()) == 0x0800
/// }
/// ```
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
///
/// ```
/// use rex::utils::convert_slice_to_struct;
/// use rex::xdp::udphdr;
///
/// fn port(bytes: &[u8]) -> u16 {
///     convert_slice_to_struct::<udphdr>(bytes).dest
/// }
/// ```
pub struct Aligned<'a, T> {
    place: Place<&'a T, T>,
}

/// A structure in bytes, changed in place where they are aligned, else written back when
/// this is dropped.
///
/// ```
/// use rex::utils::convert_slice_to_struct_mut;
/// use rex::xdp::udphdr;
///
/// fn no_checksum(bytes: &mut [u8]) {
///     convert_slice_to_struct_mut::<udphdr>(bytes).check = 0;
/// }
/// ```
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
///
/// No helper. All program types.
///
/// ```
/// use rex::utils::convert_slice_to_struct;
///
/// fn number(bytes: &[u8]) -> u32 {
///     *convert_slice_to_struct::<u32>(bytes)
/// }
/// ```
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
///
/// No helper. All program types.
///
/// ```
/// use rex::utils::convert_slice_to_struct_mut;
///
/// fn clear(bytes: &mut [u8]) {
///     *convert_slice_to_struct_mut::<u32>(bytes) = 0;
/// }
/// ```
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
///
/// ```
/// use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
/// use rex::utils::PerfEventStreamer;
///
/// fn streams<P: PerfEventStreamer>(_program: &P) {}
///
/// fn a_tracepoint_does(obj: &tracepoint<SyscallsEnterDupCtx>) {
///     streams(obj);
/// }
/// ```
pub trait PerfEventStreamer: Sealed {
    /// Context of the program type.
    type Context;

    /// Sends `data` to the event of `cpu` in `map`.
    ///
    /// Helper: `rex_perf_output`. Tracepoint programs. `Err(-ENOENT)` if no event is open
    /// there, `Err(-ENOSPC)` if its buffer is full, `Err(-EOPNOTSUPP)` where the target has
    /// no perf events.
    ///
    /// ```
    /// use rex::map::RexPerfEventArray;
    /// use rex::rex_map;
    /// use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
    /// use rex::utils::{PerfEventMaskedCPU, PerfEventStreamer};
    ///
    /// #[rex_map]
    /// static streamed: RexPerfEventArray<u64> = RexPerfEventArray::new(64, 0);
    ///
    /// fn send(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &SyscallsEnterDupCtx) -> rex::Result {
    ///     obj.output_event(ctx, &streamed, &ctx.fildes, PerfEventMaskedCPU::current_cpu())
    /// }
    /// ```
    fn output_event<T: Copy + NoRef>(
        &self,
        ctx: &Self::Context,
        map: &'static RexPerfEventArray<T>,
        data: &T,
        cpu: PerfEventMaskedCPU,
    ) -> Result;
}

/// A CPU whose perf event a record goes to.
///
/// ```
/// use rex::utils::PerfEventMaskedCPU;
///
/// fn here_or_first(here: bool) -> PerfEventMaskedCPU {
///     if here { PerfEventMaskedCPU::current_cpu() } else { PerfEventMaskedCPU::any_cpu(0) }
/// }
/// ```
#[derive(Debug, Copy, Clone)]
pub struct PerfEventMaskedCPU {
    pub(crate) masked: u64,
}

// Made of bytes it would not be masked.
impl !NoRef for PerfEventMaskedCPU {}

impl PerfEventMaskedCPU {
    /// The CPU the program runs on.
    ///
    /// No helper. Tracepoint programs. Cannot fail.
    ///
    /// ```
    /// use rex::utils::PerfEventMaskedCPU;
    ///
    /// fn here() -> PerfEventMaskedCPU {
    ///     PerfEventMaskedCPU::current_cpu()
    /// }
    /// ```
    pub fn current_cpu() -> Self {
        Self {
            masked: BPF_F_CURRENT_CPU,
        }
    }

    /// A CPU by number; bits that are no CPU number are dropped.
    ///
    /// No helper. Tracepoint programs. Cannot fail.
    ///
    /// ```
    /// use rex::utils::PerfEventMaskedCPU;
    ///
    /// fn first() -> PerfEventMaskedCPU {
    ///     PerfEventMaskedCPU::any_cpu(0)
    /// }
    /// ```
    pub fn any_cpu(cpu: u64) -> Self {
        Self {
            masked: cpu & BPF_F_INDEX_MASK,
        }
    }
}
