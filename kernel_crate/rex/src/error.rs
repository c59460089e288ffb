// SPDX-License-Identifier: GPL-2.0-only
//! Errors as Rust-for-Linux spells them.
//!
//! What this crate adds to upstream's interface answers with [`Result<T>`], the shape of
//! the kernel's own Rust code. What upstream has keeps [`rex::Result`](crate::Result),
//! whose error is the bare negative number; the operator `?` turns an [`Error`] into it:
//!
//! ```
//! use rex::error::{self, code};
//!
//! fn port(bytes: &[u8]) -> error::Result<u16> {
//!     let two = bytes.get(..2).ok_or(code::EINVAL)?;
//!     Ok(u16::from_be_bytes([two[0], two[1]]))
//! }
//!
//! fn program(bytes: &[u8]) -> rex::Result {
//!     let port = port(bytes)?;
//!     Ok(i32::from(port == 53))
//! }
//! // `program(&[0])` is `Err(-22)`.
//! ```

use core::ffi::c_int;
use core::fmt;

use crate::linux::errno;

/// An error number of the kernel.
///
/// # Invariants
/// The number inside is from -4095 to -1, as the kernel's `IS_ERR_VALUE` has it.
///
/// ```
/// use rex::error::{Error, code};
///
/// fn is_full(error: Error) -> bool {
///     error == code::E2BIG
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(c_int);

/// The result of what can fail, with the kernel's error numbers.
///
/// ```
/// use rex::error::{Result, code};
///
/// fn even(value: u32) -> Result<u32> {
///     if value % 2 == 0 { Ok(value) } else { Err(code::EINVAL) }
/// }
/// ```
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

impl Error {
    /// The error of a negative number that a helper gave. A number that is no error number
    /// becomes [`code::EINVAL`].
    ///
    /// No helper. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::error::Error;
    ///
    /// fn refused() -> Error {
    ///     Error::from_errno(-13)
    /// }
    /// ```
    #[inline(always)]
    pub const fn from_errno(errno: c_int) -> Self {
        if errno < 0 && errno >= -4095 {
            Self(errno)
        } else {
            code::EINVAL
        }
    }

    /// The negative number, as a program returns it.
    ///
    /// No helper. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::error::code;
    ///
    /// fn number() -> i32 {
    ///     code::EINVAL.to_errno()
    /// }
    /// ```
    #[inline(always)]
    pub const fn to_errno(self) -> c_int {
        self.0
    }

    /// The name of the error: `Some("EINVAL")`. `None` for numbers
    /// that are not in [`code`].
    ///
    /// No helper. All program types.
    ///
    /// ```
    /// use rex::error::Error;
    /// use rex::rex_printk;
    ///
    /// fn say(error: Error) -> rex::Result {
    ///     rex_printk!("{}\n", error.name().unwrap_or("?"))
    /// }
    /// ```
    pub fn name(self) -> Option<&'static str> {
        code::name(self)
    }
}

impl From<Error> for c_int {
    #[inline(always)]
    fn from(error: Error) -> c_int {
        error.0
    }
}

impl From<core::num::TryFromIntError> for Error {
    #[inline(always)]
    fn from(_: core::num::TryFromIntError) -> Self {
        code::EINVAL
    }
}

impl From<core::str::Utf8Error> for Error {
    #[inline(always)]
    fn from(_: core::str::Utf8Error) -> Self {
        code::EINVAL
    }
}

impl From<fmt::Error> for Error {
    #[inline(always)]
    fn from(_: fmt::Error) -> Self {
        code::EINVAL
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.write_str(name),
            None => formatter.debug_tuple("Error").field(&self.0).finish(),
        }
    }
}

/// A helper's 64-bit answer: negative ones are errors, the others its value.
///
/// No helper. All program types. `Err` for a negative answer.
///
/// ```
/// use rex::error::{self, Result};
///
/// fn length(answer: i64) -> Result<u64> {
///     error::to_result(answer)
/// }
/// ```
#[inline(always)]
pub fn to_result(answer: i64) -> Result<u64> {
    if answer < 0 {
        Err(Error::from_errno(answer as c_int))
    } else {
        Ok(answer as u64)
    }
}

/// Error numbers by their names.
///
/// ```
/// use rex::error::{Error, code};
///
/// fn try_again(error: Error) -> bool {
///     error == code::EAGAIN || error == code::EBUSY
/// }
/// ```
pub mod code {
    use super::{Error, errno};

    macro_rules! codes {
        ($($name:ident $doc:literal)*) => {
            $(
                #[doc = $doc]
                pub const $name: Error = Error(-(errno::$name as i32));
            )*

            pub(super) fn name(error: Error) -> Option<&'static str> {
                match error {
                    $($name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        };
    }

    codes! {
        EPERM "Not permitted."
        ENOENT "No such entry."
        ESRCH "No such process."
        EINTR "Interrupted."
        EIO "Input or output failed."
        ENXIO "No such device or address."
        E2BIG "Too big, or the map is full."
        EBADF "Not an open file."
        EAGAIN "Try again."
        ENOMEM "Out of memory."
        EACCES "Access denied."
        EFAULT "The address cannot be read or written."
        EBUSY "Busy: not possible at this interrupt level now."
        EEXIST "Exists already."
        ENODEV "No such device."
        EINVAL "An argument is not valid."
        ENOSPC "No space left."
        ERANGE "Out of range, or the buffer is too small."
        ENAMETOOLONG "The name or string is too long."
        ENOSYS "Not implemented."
        EMSGSIZE "The message is too long."
        EOPNOTSUPP "This target or kind of map cannot do this."
        EPROTONOSUPPORT "The protocol is not supported."
        ENETDOWN "The network interface is down."
        EOVERFLOW "The value does not fit."
    }
}
