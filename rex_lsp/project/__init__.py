# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What is open and where: buffers over disk, crates, settings, the diagnostics store, jobs."""
