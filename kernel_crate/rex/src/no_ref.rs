// SPDX-License-Identifier: GPL-2.0-only
//! Types made of nothing but numbers.

use core::ffi::{c_int, c_void};

/// Types that may be shared with user space through maps and read from bytes: no
/// reference, pointer or function pointer, none of `bool`, `char`, `Duration` and the
/// `NonZero` types, which do not allow every bit pattern, and no `MaybeUninit`, whose bytes
/// could be anything that was left behind.
///
/// Implemented for every type all of whose fields are. Enums without data are allowed here:
/// what is written into maps from outside is checked. Reading one from bytes is refused
/// where it happens. Unions and enums with data are refused in maps when the image is made.
///
/// # Safety
/// Implemented by the compiler; an implementation by hand would promise that any bytes a
/// helper writes are a value of the type.
///
/// ```
/// use rex::map::RexArrayMap;
/// use rex::utils::NoRef;
///
/// fn first<V: Copy + NoRef>(map: &'static RexArrayMap<V>) -> Option<V> {
///     map.get_mut(&0).copied()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not be shared with the kernel",
    label = "holds a reference, a pointer, a `bool`, a `char`, a `NonZero`, a `Duration`, a `MaybeUninit` or a kernel object",
    note = "map keys and values and what is read from bytes are made of integers, arrays and `#[repr(C)]` structs of them"
)]
pub unsafe auto trait NoRef {}

impl<T: ?Sized> !NoRef for &T {}
impl<T: ?Sized> !NoRef for &mut T {}
impl<T: ?Sized> !NoRef for *const T {}
impl<T: ?Sized> !NoRef for *mut T {}
impl !NoRef for bool {}
impl !NoRef for char {}
impl !NoRef for str {}
impl<T: core::num::ZeroablePrimitive> !NoRef for core::num::NonZero<T> {}
impl<T> !NoRef for core::mem::MaybeUninit<T> {}
// Numbers with a limit that only the compiler knows: debug information does not tell.
impl !NoRef for core::time::Duration {}
impl !NoRef for core::alloc::Layout {}
impl !NoRef for core::convert::Infallible {}

macro_rules! function_pointers {
    ($($argument:ident)*) => {
        function_pointers!(@each [] $($argument)*);
    };
    (@each [$($done:ident)*] $next:ident $($rest:ident)*) => {
        function_pointers!(@one $($done)*);
        function_pointers!(@each [$($done)* $next] $($rest)*);
    };
    (@each [$($done:ident)*]) => {
        function_pointers!(@one $($done)*);
    };
    (@one $($argument:ident)*) => {
        impl<R, $($argument),*> !NoRef for fn($($argument),*) -> R {}
        impl<R, $($argument),*> !NoRef for unsafe fn($($argument),*) -> R {}
        impl<R, $($argument),*> !NoRef for extern "C" fn($($argument),*) -> R {}
        impl<R, $($argument),*> !NoRef for unsafe extern "C" fn($($argument),*) -> R {}
    };
}
function_pointers!(
    A B C D E F G H I J K L M N O P Q S T U V W X Y Z
    A1 B1 C1 D1 E1 F1 G1
);

// The names of C types are only checked to be numbers here.
const _: fn() = || {
    fn is_no_ref<T: NoRef>() {}
    is_no_ref::<c_int>();
    is_no_ref::<[u64; 127]>();
    is_no_ref::<()>();
    let _ = core::mem::size_of::<*const c_void>;
};
