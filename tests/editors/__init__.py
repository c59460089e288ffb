# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The editors' plugins, in the real editors where one can be had."""
