# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The command line: one module per verb (or small family of verbs), one table in `verbs`."""
