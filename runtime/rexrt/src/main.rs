// SPDX-License-Identifier: GPL-2.0-only
//! The Rex daemon.
fn main() {}
