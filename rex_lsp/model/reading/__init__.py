# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reads an item's facts from its syntax tree: one walk, one module for each kind of thing."""
