// SPDX-License-Identifier: GPL-2.0-only
//! The contract between a Rex image and the targets that load it.
//!
//! `include/rex_abi.h` says the same in C; a test compiles a probe with the C compiler and
//! compares every size, offset and constant. [`imports::IMPORTS`] is the one list of
//! functions an image may call: the header's prototypes, the kernel crate's `extern` block
//! and the linker script are generated from it by `rex-abi-generate`.

#![no_std]
#![forbid(unsafe_code)]

pub mod container;
pub mod contexts;
pub mod imports;
pub mod layout;
pub mod shape;

pub use container::*;
pub use layout::*;
pub use shape::Shape;
