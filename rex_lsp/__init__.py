# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rex for everyone: language server, build tool and runtime client for Rex extensions."""

__version__ = "0.1.0"
