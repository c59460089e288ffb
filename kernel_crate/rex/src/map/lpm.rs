// SPDX-License-Identifier: GPL-2.0-only
//! Keys of longest prefix match.

use crate::error::{Result, code};

/// Most bytes of a prefix.
const DATA_MAX: usize = 256;

/// A prefix of up to `N` bytes (1 to 256), the key of a [`RexLpmTrie`](super::RexLpmTrie):
/// 4 for IPv4 addresses, 16 for IPv6. Bits count from the first bit of the first byte, which
/// is network byte order.
///
/// ```
/// use rex::error::Result;
/// use rex::map::LpmKey;
///
/// fn private_network() -> Result<LpmKey<4>> {
///     LpmKey::prefix(8, [10, 0, 0, 0])
/// }
/// ```
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LpmKey<const N: usize> {
    // As bytes, so that no `N` leaves padding: the kernel counts the key's bytes.
    length: [u8; 4],
    data: [u8; N],
}

impl<const N: usize> LpmKey<N> {
    /// The first `length` bits of `data`.
    ///
    /// No helper. All program types. [`EINVAL`](code::EINVAL) if `data` has fewer bits.
    ///
    /// So `Err(EINVAL)` then.
    ///
    /// ```
    /// use rex::error::Result;
    /// use rex::map::LpmKey;
    ///
    /// fn documentation() -> Result<LpmKey<4>> {
    ///     LpmKey::prefix(24, [192, 0, 2, 0])
    /// }
    /// ```
    #[inline(always)]
    pub const fn prefix(length: u32, data: [u8; N]) -> Result<Self> {
        if length as usize > 8 * N {
            return Err(code::EINVAL);
        }
        Ok(Self::of(length, data))
    }

    /// All bits of `data`: what one looks an address up with.
    ///
    /// No helper. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::LpmKey;
    ///
    /// fn host(address: [u8; 4]) -> LpmKey<4> {
    ///     LpmKey::full(address)
    /// }
    /// ```
    #[inline(always)]
    pub const fn full(data: [u8; N]) -> Self {
        Self::of(8 * N as u32, data)
    }

    /// Length of the prefix in bits.
    ///
    /// No helper. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::LpmKey;
    ///
    /// fn is_a_host(key: &LpmKey<4>) -> bool {
    ///     key.length() == 32
    /// }
    /// ```
    #[inline(always)]
    pub const fn length(&self) -> u32 {
        u32::from_ne_bytes(self.length)
    }

    /// The bytes of the prefix; bits behind it have no meaning.
    ///
    /// No helper. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::LpmKey;
    ///
    /// fn first_byte(key: &LpmKey<4>) -> u8 {
    ///     key.data()[0]
    /// }
    /// ```
    #[inline(always)]
    pub const fn data(&self) -> &[u8; N] {
        &self.data
    }

    #[inline(always)]
    const fn of(length: u32, data: [u8; N]) -> Self {
        // Not in a `const` block: the compiler then also points at a constant key.
        assert!(N > 0 && N <= DATA_MAX, "a prefix has 1 to 256 bytes");
        Self {
            length: length.to_ne_bytes(),
            data,
        }
    }
}
