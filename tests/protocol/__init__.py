# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The server over its protocol, as a real process."""
