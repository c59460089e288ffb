# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`python -m rex_lsp VERB`, the same command as `rex VERB`."""

import sys

from rex_lsp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
