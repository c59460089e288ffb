# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Documents, chunks, incremental trees and items. Does no I/O and never raises on user code."""
