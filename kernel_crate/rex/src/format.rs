// SPDX-License-Identifier: GPL-2.0-only
//! Formatting without function pointers.
//!
//! `core::fmt` calls every `Display` and every output through a pointer, so the deepest path
//! of a program that prints with it cannot be known. What
//! [`rex_printk!`](crate::rex_printk) expands to asks [`Value`] for each argument: numbers,
//! text and what is made of them are written by the functions of this module, called
//! directly; every other type goes to `core::fmt` as ever. Both write the same characters.

mod text;
mod values;

use core::fmt::{self, Write};

pub use text::Text;
pub use values::{Debug, Display, Integer};

/// How a value is written: what stands behind the colon in `{:>8}`.
#[derive(Clone, Copy)]
pub struct Spec {
    /// What fills the room up to the width.
    pub fill: char,
    /// `<`, `^` or `>`; a blank where the type decides.
    pub align: char,
    /// Whether a number that is not negative gets a `+`.
    pub plus: bool,
    /// `#`: whether a number gets the prefix of its base.
    pub alternate: bool,
    /// `0`: whether a number is filled up with zeros behind its sign and prefix.
    pub zero: bool,
    /// Characters at least.
    pub width: usize,
    /// Characters of a text at most.
    pub precision: Option<usize>,
}

impl Spec {
    /// That of `{}`.
    pub const PLAIN: Self = Self {
        fill: ' ',
        align: ' ',
        plus: false,
        alternate: false,
        zero: false,
        width: 0,
        precision: None,
    };
}

/// Base of an integer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// `{:b}`.
    Binary,
    /// `{:o}`.
    Octal,
    /// `{:x}`.
    LowerHex,
    /// `{:X}`.
    UpperHex,
}

/// A value to print. A method of its own is found before that of [`ByCore`], which every
/// type has; the arguments for `core::fmt` are then not used and cost nothing.
pub struct Value<'a, T: ?Sized>(pub &'a T);

impl<T: Display + ?Sized> Value<'_, T> {
    /// `{}`.
    #[inline(always)]
    pub fn display(self, out: &mut Text<'_>, spec: &Spec, _: fmt::Arguments<'_>) {
        self.0.display(out, spec);
    }
}

impl<T: Debug + ?Sized> Value<'_, T> {
    /// `{:?}`.
    #[inline(always)]
    pub fn debug(self, out: &mut Text<'_>, spec: &Spec, _: fmt::Arguments<'_>) {
        self.0.debug(out, spec);
    }
}

impl<T: Integer + ?Sized> Value<'_, T> {
    /// `{:x}` and its like.
    #[inline(always)]
    pub fn based(self, out: &mut Text<'_>, spec: &Spec, base: Base, _: fmt::Arguments<'_>) {
        out.based(self.0.bits(), base, spec);
    }
}

/// What any type falls back to.
pub trait ByCore: Sized {
    /// `{}`.
    fn display(self, out: &mut Text<'_>, _: &Spec, all: fmt::Arguments<'_>) {
        by_core(out, all);
    }

    /// `{:?}`.
    fn debug(self, out: &mut Text<'_>, _: &Spec, all: fmt::Arguments<'_>) {
        by_core(out, all);
    }

    /// `{:x}` and its like.
    fn based(self, out: &mut Text<'_>, _: &Spec, _: Base, all: fmt::Arguments<'_>) {
        by_core(out, all);
    }
}

impl<T: ?Sized> ByCore for Value<'_, T> {}

/// Formats with `core::fmt`.
#[inline(always)]
pub fn by_core(out: &mut Text<'_>, all: fmt::Arguments<'_>) {
    if out.write_fmt(all).is_err() {
        out.fail();
    }
}
