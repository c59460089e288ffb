# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The index of the kernel crate and the questions put to it."""
