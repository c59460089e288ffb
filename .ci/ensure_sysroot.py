# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Compiles the core library for the kernel now, so that the first build need not wait.

Prints the directory.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rex_lsp.build import CannotBuild, discover, ensure_sysroot
from rex_lsp.cli.terminal_progress import TerminalProgress


async def main() -> int:
    """Exit status 2 with the next step when it cannot be done."""
    try:
        toolchain = await discover()
        with TerminalProgress() as progress:
            print(await ensure_sysroot(toolchain, progress))
    except CannotBuild as problem:
        print(f"bootstrap: {problem.message}", *problem.repair, sep="\n  ", file=sys.stderr)
        return 2
    return 0


sys.exit(asyncio.run(main()))
