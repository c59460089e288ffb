# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Macros by example: what a call of one of the crate's own `macro_rules!` becomes."""
