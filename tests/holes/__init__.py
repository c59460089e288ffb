# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Hostile programs and their harmless look-alikes, through the real `rex`."""
