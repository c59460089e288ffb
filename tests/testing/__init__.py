# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex test`: the form of test files, the judgement, the verb."""
