# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Tests of the command line, through its real process."""
