# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The tests of an extension: what `tests/*.toml` say, driving them, judging what happened."""
