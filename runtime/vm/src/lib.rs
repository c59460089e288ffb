// SPDX-License-Identifier: GPL-2.0-only
//! A virtual machine that boots a distribution's kernel with `rex.ko` and nothing else but
//! `rex-guest`, which is its first and only process: it loads images, attaches programs and
//! sends their events.
//!
//! [`module::build`] makes the module for a kernel, [`kernel::vmlinux`] takes the kernel out
//! of its compressed file, [`machine::Machine`] boots them.

pub mod archive;
pub mod kernel;
pub mod machine;
pub mod module;
