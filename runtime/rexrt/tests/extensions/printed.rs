// SPDX-License-Identifier: GPL-2.0-only
//! Programs that print: what the test prints too, and what cannot be printed.

#![no_std]
#![no_main]
#![allow(clippy::all, clippy::pedantic)]

use core::fmt::{self, Display};

use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

/// A type with a `Display` and a `Debug` of its own.
#[derive(Debug)]
struct Shown(u64);

impl Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<{}>", self.0)
    }
}

/// Fails.
struct Fails;

impl Display for Fails {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

/// Prints while it is printed.
struct Prints;

impl Display for Prints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = rex_printk!("inner {}", 1);
        formatter.write_str("outer")
    }
}

macro_rules! say {
    ($($all:tt)*) => {
        assert!(rex_printk!($($all)*) == Ok(0))
    };
}

fn generic<T: Display + fmt::Debug + ?Sized>(value: &T) {
    say!("{} {value:?}", value);
}

#[rex_kprobe(function = "__x64_sys_getpgrp")]
fn prints(_: &kprobe, _: &mut PtRegs) -> Result {
    include!("printed_cases.rs");
    Ok(0)
}

#[rex_kprobe(function = "__x64_sys_getppid")]
fn fails(_: &kprobe, ctx: &mut PtRegs) -> Result {
    let long = [b'x'; 1100];
    let long = core::str::from_utf8(&long).map_err(|_| 1)?;
    let (failed, cut) = (rex_printk!("{}", Fails), rex_printk!("{}", long));
    let padded = rex_printk!("{:2000}", ctx.rax());
    rex_printk!("{}", Prints)?;
    rex_printk!("{:?} {:?} {:?}", failed, cut, padded)
}
