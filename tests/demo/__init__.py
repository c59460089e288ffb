# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The demo: a client session on the running server, step by step, each step checked."""
