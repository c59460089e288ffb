# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What every test stands on: the package under test, and this tree for the tests' own parts.

`make test` runs against the wheel in a clean environment and says so with
`REX_TEST_INSTALLED`; then a checkout that shadows the wheel is an error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import rex_lsp

ROOT = Path(__file__).resolve().parent.parent

# At the end, so that `tests.…` is found here but `rex_lsp` where it is installed.
sys.path.append(str(ROOT))

if os.environ.get("REX_TEST_INSTALLED") == "1":
    where = Path(rex_lsp.__file__).resolve()
    assert "site-packages" in where.parts, f"expected the installed wheel, found {where}"
