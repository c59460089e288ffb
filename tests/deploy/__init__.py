# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The client of the runtime and the verbs that use it, against the real daemon."""
