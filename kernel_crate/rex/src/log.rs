// SPDX-License-Identifier: GPL-2.0-only
//! Messages to whoever watches the program.

use core::fmt::{self, Write};

use crate::abi::REX_TRACE_MAX;
use crate::linux::errno::E2BIG;

/// Text in a buffer that does not grow.
pub(crate) struct Text<'a> {
    buffer: &'a mut [u8],
    length: usize,
    /// Whether something did not fit.
    overflowed: bool,
}

impl<'a> Text<'a> {
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            length: 0,
            overflowed: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }
}

impl Write for Text<'_> {
    /// Appends what fits, up to a whole character; never fails, so that formatting goes on.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.overflowed {
            return Ok(());
        }
        let room = self.buffer.len().saturating_sub(self.length);
        let mut fitting = text.len();
        if fitting > room {
            self.overflowed = true;
            fitting = room;
            while fitting > 0 && !text.is_char_boundary(fitting) {
                fitting -= 1;
            }
        }
        let (Some(target), Some(source)) = (
            self.buffer.get_mut(self.length..self.length + fitting),
            text.as_bytes().get(..fitting),
        ) else {
            return Ok(());
        };
        target.copy_from_slice(source);
        self.length += fitting;
        Ok(())
    }
}

/// Writes one message; [`rex_printk!`](crate::rex_printk) is the usual way to call it.
///
/// Helper: `rex_trace`. All program types. `Ok(0)`; `Err(-E2BIG)` if the message is longer
/// than 1024 bytes, and nothing is written then; `Err(-EINVAL)` if a `Display` failed.
///
/// ```
/// fn say(value: u64) -> rex::Result {
///     rex::rex_trace_printk(format_args!("value {value}"))
/// }
/// ```
#[inline(never)]
pub fn rex_trace_printk(args: fmt::Arguments<'_>) -> crate::Result {
    // On the stack and not per CPU: a `Display` that prints itself must not disturb this
    // message. No function between here and the runtime has a larger frame.
    let mut buffer = [0; REX_TRACE_MAX];
    let mut text = Text::new(&mut buffer);
    if text.write_fmt(args).is_err() {
        return Err(-(crate::linux::errno::EINVAL as i32));
    }
    if text.overflowed() {
        return Err(-(E2BIG as i32));
    }
    let length = text.len();
    // SAFETY: `buffer` holds `length` initialised bytes.
    crate::utils::to_result(unsafe { crate::ffi::rex_trace(buffer.as_ptr(), length) })
}

/// Prints a message with the name of the function in front, as `[crate::function] text`.
///
/// Takes what `format_args!` takes and gives a [`rex::Result`](crate::Result), see
/// [`rex_trace_printk`]. Without the feature `debug_printk` it is `Ok(0)` and the arguments
/// are not evaluated.
///
/// ```
/// use rex::rex_printk;
///
/// fn say(value: u64) -> rex::Result {
///     rex_printk!("value {}\n", value)
/// }
/// ```
#[cfg(feature = "debug_printk")]
#[macro_export]
macro_rules! rex_printk {
    ($($arg:tt)*) => {
        $crate::rex_trace_printk(::core::format_args!(
            "[{}] {}",
            $crate::function_name!(),
            ::core::format_args!($($arg)*)
        ))
    };
}

/// Does nothing: the feature `debug_printk` is off. The arguments are not evaluated.
#[cfg(not(feature = "debug_printk"))]
#[macro_export]
macro_rules! rex_printk {
    ($($arg:tt)*) => {
        $crate::Result::Ok(0)
    };
}

/// The path of the function around it, a `&'static str` such as `hello::rex_prog1`.
///
/// ```
/// fn here() -> &'static str {
///     rex::function_name!()
/// }
/// ```
#[macro_export]
macro_rules! function_name {
    () => {{
        fn here() {}
        $crate::__private::enclosing(::core::any::type_name_of_val(&here))
    }};
}
