# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Random edits and random messages: `make test` runs some, `make soak` many."""
