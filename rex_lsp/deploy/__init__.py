# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Client of the native runtime ``rexrt``: load, attach, drive, watch, detach."""
