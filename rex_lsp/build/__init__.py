# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From an extension's sources to `NAME.elf` and `NAME.rex`, with cargo and a stock rustc.

Every call here that starts a process says so. Processes are started only for callers
that trust the project: cargo runs the project's build scripts and proc macros.
"""
