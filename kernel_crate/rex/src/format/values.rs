// SPDX-License-Identifier: GPL-2.0-only
//! What is written without `core::fmt`: integers, text, truth values, and options, results,
//! references, slices and tuples of those.

use core::ffi::CStr;
use core::net::Ipv4Addr;
use core::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize, Ordering,
};

use super::{Base, Spec, Text};

/// `{}` as the type's own `Display` writes it.
pub trait Display {
    /// Appends it.
    fn display(&self, out: &mut Text<'_>, spec: &Spec);
}

/// `{:?}` as the type's own `Debug` writes it.
pub trait Debug {
    /// Appends it.
    fn debug(&self, out: &mut Text<'_>, spec: &Spec);
}

/// An integer of at most 64 bits.
pub trait Integer {
    /// Its bits, no more than its own size has.
    fn bits(&self) -> u64;
}

macro_rules! integers {
    ($($signed:ident $unsigned:ident $atomic_signed:ident $atomic_unsigned:ident;)*) => {$(
        impl Display for $signed {
            #[inline(always)]
            #[allow(clippy::cast_lossless)] // Integers of several sizes.
            fn display(&self, out: &mut Text<'_>, spec: &Spec) {
                out.decimal(*self < 0, self.unsigned_abs() as u64, spec);
            }
        }
        impl Display for $unsigned {
            #[inline(always)]
            #[allow(clippy::cast_lossless)]
            fn display(&self, out: &mut Text<'_>, spec: &Spec) {
                out.decimal(false, *self as u64, spec);
            }
        }
        impl Integer for $signed {
            #[inline(always)]
            #[allow(clippy::cast_lossless)]
            fn bits(&self) -> u64 {
                self.cast_unsigned() as u64
            }
        }
        impl Integer for $unsigned {
            #[inline(always)]
            #[allow(clippy::cast_lossless)]
            fn bits(&self) -> u64 {
                *self as u64
            }
        }
        displayed!($signed $unsigned);
        impl Debug for $atomic_signed {
            fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
                self.load(Ordering::Relaxed).debug(out, spec);
            }
        }
        impl Debug for $atomic_unsigned {
            fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
                self.load(Ordering::Relaxed).debug(out, spec);
            }
        }
    )*};
}

/// Types whose `Debug` is their `Display`.
macro_rules! displayed {
    ($($name:ty)*) => {$(
        impl Debug for $name {
            #[inline(always)]
            fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
                self.display(out, spec);
            }
        }
    )*};
}

integers! {
    i8 u8 AtomicI8 AtomicU8;
    i16 u16 AtomicI16 AtomicU16;
    i32 u32 AtomicI32 AtomicU32;
    i64 u64 AtomicI64 AtomicU64;
    isize usize AtomicIsize AtomicUsize;
}
displayed!(bool Ipv4Addr);

impl Display for bool {
    fn display(&self, out: &mut Text<'_>, spec: &Spec) {
        out.padded(if *self { "true" } else { "false" }, spec);
    }
}

impl Display for char {
    fn display(&self, out: &mut Text<'_>, spec: &Spec) {
        out.padded(self.encode_utf8(&mut [0; 4]), spec);
    }
}

impl Display for str {
    #[inline(always)]
    fn display(&self, out: &mut Text<'_>, spec: &Spec) {
        out.padded(self, spec);
    }
}

impl Display for Ipv4Addr {
    #[inline(never)]
    fn display(&self, out: &mut Text<'_>, spec: &Spec) {
        // The longest is 255.255.255.255.
        let mut buffer = [0; 15];
        let mut text = Text::new(&mut buffer);
        let [first, others @ ..] = self.octets();
        text.decimal(false, first.into(), &Spec::PLAIN);
        for octet in others {
            text.push(".");
            text.decimal(false, octet.into(), &Spec::PLAIN);
        }
        let length = text.len();
        let text = buffer.get(..length).unwrap_or_default();
        out.padded(str::from_utf8(text).unwrap_or_default(), spec);
    }
}

/// A character between quotes, of which one kind is not escaped.
fn escaped(character: char, unescaped: char, out: &mut Text<'_>) {
    if character == unescaped {
        out.push_char(character);
    } else {
        for part in character.escape_debug() {
            out.push_char(part);
        }
    }
}

impl Debug for char {
    #[inline(never)]
    fn debug(&self, out: &mut Text<'_>, _: &Spec) {
        out.push("'");
        escaped(*self, '"', out);
        out.push("'");
    }
}

impl Debug for str {
    #[inline(never)]
    fn debug(&self, out: &mut Text<'_>, _: &Spec) {
        out.push("\"");
        for character in self.chars() {
            escaped(character, '\'', out);
        }
        out.push("\"");
    }
}

impl Debug for CStr {
    #[inline(never)]
    fn debug(&self, out: &mut Text<'_>, _: &Spec) {
        out.push("\"");
        for chunk in self.to_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\x01'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x19' | '\x1b' | '\x7f' => {
                        hex_escape(character as u8, out);
                    }
                    _ => escaped(character, '\0', out),
                }
            }
            for byte in chunk.invalid() {
                hex_escape(*byte, out);
            }
        }
        out.push("\"");
    }
}

fn hex_escape(byte: u8, out: &mut Text<'_>) {
    out.push("\\x");
    let two = Spec {
        zero: true,
        width: 2,
        ..Spec::PLAIN
    };
    out.based(byte.into(), Base::LowerHex, &two);
}

impl Debug for () {
    fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
        out.padded("()", spec);
    }
}

impl Debug for crate::error::Error {
    fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
        match self.name() {
            Some(name) => out.push(name),
            None => field("Error", &self.to_errno(), out, spec),
        }
    }
}

/// `Name(value)`.
#[inline(always)]
fn field<T: Debug + ?Sized>(name: &str, value: &T, out: &mut Text<'_>, spec: &Spec) {
    out.push(name);
    out.push("(");
    value.debug(out, spec);
    out.push(")");
}

impl<T: Debug> Debug for Option<T> {
    fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
        match self {
            Some(value) => field("Some", value, out, spec),
            None => out.push("None"),
        }
    }
}

impl<T: Debug, E: Debug> Debug for Result<T, E> {
    fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
        match self {
            Ok(value) => field("Ok", value, out, spec),
            Err(error) => field("Err", error, out, spec),
        }
    }
}

impl<T: Debug> Debug for [T] {
    fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
        out.push("[");
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(", ");
            }
            value.debug(out, spec);
        }
        out.push("]");
    }
}

impl<T: Debug, const N: usize> Debug for [T; N] {
    fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
        self.as_slice().debug(out, spec);
    }
}

macro_rules! tuples {
    ($($end:literal $first:ident $($other:ident)*;)*) => {$(
        #[allow(non_snake_case)]
        impl<$first: Debug, $($other: Debug),*> Debug for ($first, $($other,)*) {
            fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
                let ($first, $($other,)*) = self;
                out.push("(");
                $first.debug(out, spec);
                $(
                    out.push(", ");
                    $other.debug(out, spec);
                )*
                out.push($end);
            }
        }
    )*};
}
tuples! {
    ",)" A;
    ")" A B;
    ")" A B C;
    ")" A B C D;
}

macro_rules! references {
    ($($reference:ty)*) => {$(
        impl<T: Display + ?Sized> Display for $reference {
            #[inline(always)]
            fn display(&self, out: &mut Text<'_>, spec: &Spec) {
                T::display(self, out, spec);
            }
        }
        impl<T: Debug + ?Sized> Debug for $reference {
            #[inline(always)]
            fn debug(&self, out: &mut Text<'_>, spec: &Spec) {
                T::debug(self, out, spec);
            }
        }
        impl<T: Integer + ?Sized> Integer for $reference {
            #[inline(always)]
            fn bits(&self) -> u64 {
                T::bits(self)
            }
        }
    )*};
}
references!(&T &mut T);
