// SPDX-License-Identifier: GPL-2.0-only
//! Extensions compiled by the real compiler against the real kernel crate, and packed.
//!
//! The environment variable `REX_TEST_SYSROOT` names a sysroot with `core` compiled with
//! the flags of [`toolchain`]; `RUSTC` the compiler it belongs to.

mod audit;
mod checksums;
mod compile;
mod errors;
mod facts;
mod fast_paths;
mod headers_found;
mod host;
mod planted;
mod random;
mod samples;
mod toolchain;

// Parts of the kernel crate that need no kernel, compiled for this machine. They name these
// by the paths they have in their own crate.
#[allow(dead_code)]
#[path = "../../../../kernel_crate/rex/src/xdp/checksum.rs"]
mod checksum;
#[allow(dead_code)]
#[path = "../../../../kernel_crate/rex/src/linux/errno.rs"]
mod errno;
#[allow(dead_code)]
#[path = "../../../../kernel_crate/rex/src/xdp/headers.rs"]
mod headers;
#[path = "../../../../kernel_crate/rex/src/xdp/layers.rs"]
mod layers;
#[path = "../../../../kernel_crate/rex/src/snprintf.rs"]
mod snprintf;
mod linux {
    pub(crate) use crate::errno;
}
type Result = std::result::Result<i32, i32>;
