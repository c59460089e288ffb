// SPDX-License-Identifier: GPL-2.0-only
//! The kernel's error numbers, as helpers return them.

/// An error number, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// No such entry.
    pub const ENOENT: Self = Self(libc::ENOENT);
    /// Too big, or full.
    pub const E2BIG: Self = Self(libc::E2BIG);
    /// Try again.
    pub const EAGAIN: Self = Self(libc::EAGAIN);
    /// Out of memory.
    pub const ENOMEM: Self = Self(libc::ENOMEM);
    /// Bad address.
    pub const EFAULT: Self = Self(libc::EFAULT);
    /// The entry exists.
    pub const EEXIST: Self = Self(libc::EEXIST);
    /// Permission denied.
    pub const EACCES: Self = Self(libc::EACCES);
    /// Bad argument.
    pub const EINVAL: Self = Self(libc::EINVAL);
    /// No space left.
    pub const ENOSPC: Self = Self(libc::ENOSPC);
    /// Not permitted.
    pub const EPERM: Self = Self(libc::EPERM);
    /// Not provided by this target.
    pub const EOPNOTSUPP: Self = Self(libc::EOPNOTSUPP);
    /// The kernel's own "not supported", which user space never sees elsewhere.
    pub const ENOTSUPP: Self = Self(524);

    /// As a helper's result.
    pub fn result(self) -> i64 {
        -i64::from(self.0)
    }
}

/// A helper's result: 0 or `-errno`.
pub fn result(outcome: Result<(), Errno>) -> i64 {
    outcome.map_or_else(Errno::result, |()| 0)
}
