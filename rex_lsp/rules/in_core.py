# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which paths of `std` and `alloc` exist in `core` too (the module pages of Rust 1.96)."""

from __future__ import annotations

from rex_lsp.model.uses import Segments

_WHOLE = frozenset(
    "any array ascii cell char clone cmp convert default f32 f64 fmt future hint i8 i16 i32 i64 "
    "i128 isize iter marker mem num ops option pin primitive ptr range result u8 u16 u32 u64 "
    "u128 usize arch intrinsics simd assert assert_eq assert_ne concat debug_assert matches panic "
    "todo unimplemented unreachable write writeln format_args stringify".split()
)
_PARTLY = {
    "alloc": "Layout LayoutError GlobalAlloc",
    "borrow": "Borrow BorrowMut",
    "error": "Error",
    "ffi": "CStr FromBytesUntilNulError FromBytesWithNulError c_char c_int c_long c_longlong "
    "c_schar c_short c_uchar c_uint c_ulong c_ulonglong c_ushort c_void c_float c_double VaList",
    "hash": "Hash Hasher BuildHasher BuildHasherDefault",
    "net": "IpAddr Ipv4Addr Ipv6Addr SocketAddr SocketAddrV4 SocketAddrV6 AddrParseError",
    "panic": "Location PanicInfo UnwindSafe RefUnwindSafe AssertUnwindSafe",
    "prelude": "v1 rust_2015 rust_2018 rust_2021 rust_2024",
    "slice": "Iter IterMut Chunks ChunksExact Windows Split from_ref from_mut from_raw_parts "
    "from_raw_parts_mut SliceIndex",
    "str": "FromStr Utf8Error Chars CharIndices Bytes Lines Split from_utf8 from_utf8_mut "
    "from_utf8_unchecked ParseBoolError pattern",
    "sync": "atomic",
    "task": "Context Poll RawWaker RawWakerVTable Waker ready",
    "time": "Duration TryFromFloatSecsError",
}
_NOT = frozenset({("fmt", "format"), ("fmt", "*"), ("prelude", "v1")})


def in_core(path: Segments) -> bool:
    """Whether `std::…` or `alloc::…` can be written `core::…` with the same meaning."""
    below = path[1:]
    if not below or below[0] == "*" or below[:2] in _NOT:
        return False
    if below[0] in _WHOLE:
        return True
    allowed = _PARTLY.get(below[0])
    return allowed is not None and len(below) > 1 and below[1] in allowed.split()
