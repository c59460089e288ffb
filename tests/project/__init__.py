# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The project layer, without a protocol around it."""
