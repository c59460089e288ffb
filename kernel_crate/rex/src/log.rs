// SPDX-License-Identifier: GPL-2.0-only
//! Messages to whoever watches the program.

use core::fmt;

use crate::abi::REX_TRACE_MAX;
use crate::format::{Text, by_core};
use crate::linux::errno::{E2BIG, EINVAL};

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
    trace(|out| by_core(out, args))
}

/// Writes one message with the name of the function in front. Not inlined, so that several
/// messages of one function need the room for one.
#[inline(never)]
pub fn print(function: &str, write: impl FnOnce(&mut Text<'_>)) -> crate::Result {
    trace(|out| {
        out.push("[");
        out.push(function);
        out.push("] ");
        write(out);
    })
}

#[inline(always)]
fn trace(write: impl FnOnce(&mut Text<'_>)) -> crate::Result {
    // On the stack and not per CPU: a `Display` that prints itself must not disturb this
    // message. No function between here and the runtime has a larger frame.
    let mut buffer = [0; REX_TRACE_MAX];
    let mut text = Text::new(&mut buffer);
    write(&mut text);
    if text.failed() {
        return Err(-(EINVAL as i32));
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
/// are not evaluated. Numbers, text and what is made of them are written without function
/// pointers, so that the deepest path of the program stays known.
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
    ($format:literal $(, $argument:expr)* $(,)?) => {
        $crate::__private::print_pieces!(($crate) $format $(, $argument)*)
    };
    ($($arg:tt)*) => {
        $crate::__private::print($crate::function_name!(), |out| {
            $crate::__private::by_core(out, ::core::format_args!($($arg)*))
        })
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
