# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Measures the budgets through real processes. `make bench` writes `report.md`."""
