# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Tests of the build tool: real cargo, real rustc, real images."""
