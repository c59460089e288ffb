# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the kernel crate offers: an index generated from it, and questions to the index."""
