# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The safe subset: one declared rule a file, its page beside it, and the engine that runs them."""
