# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`python -m rex_lsp VERB`, the same command as `rex VERB`."""

import sys

# `-m` puts the working directory first, where an untrusted project could lie: its own
# `gettext.py` must not run in place of the standard library's.
if not getattr(sys.flags, "safe_path", False) and sys.path[0] != __file__.rsplit("/", 2)[0]:
    del sys.path[0]

from rex_lsp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
