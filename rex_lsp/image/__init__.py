# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the machine code of an image says, in words: stack, panics, the audit, sizes, and what
changed since an earlier build."""
