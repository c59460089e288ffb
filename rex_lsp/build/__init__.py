# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From an extension's sources to `NAME.elf` and `NAME.rex`, with cargo and a stock rustc.

Every call here that starts a process says so. Processes are started only for callers
that trust the project: cargo runs the project's build scripts and proc macros.

A name is imported when it is first used, so that a start of the server does not pay for
what only a build needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rex_lsp.build.builder import Artifact, BuildResult, CheckResult, build, check, extensions
    from rex_lsp.build.errors import CannotBuild
    from rex_lsp.build.manifest import Manifest, find_manifest, read_manifest
    from rex_lsp.build.process import Cancelled
    from rex_lsp.build.progress import Progress
    from rex_lsp.build.sysroot import ensure_sysroot
    from rex_lsp.build.targets import Target
    from rex_lsp.build.toolchain import Toolchain, ToolchainMissing, discover

_HOMES = {
    "Artifact": "builder",
    "BuildResult": "builder",
    "CheckResult": "builder",
    "build": "builder",
    "check": "builder",
    "extensions": "builder",
    "CannotBuild": "errors",
    "Manifest": "manifest",
    "find_manifest": "manifest",
    "read_manifest": "manifest",
    "Cancelled": "process",
    "Progress": "progress",
    "ensure_sysroot": "sysroot",
    "Target": "targets",
    "Toolchain": "toolchain",
    "ToolchainMissing": "toolchain",
    "discover": "toolchain",
}

__all__ = [
    "Artifact",
    "BuildResult",
    "Cancelled",
    "CannotBuild",
    "CheckResult",
    "Manifest",
    "Progress",
    "Target",
    "Toolchain",
    "ToolchainMissing",
    "build",
    "check",
    "discover",
    "ensure_sysroot",
    "extensions",
    "find_manifest",
    "read_manifest",
]


def __getattr__(name: str) -> Any:
    """The public name from the module it stands in (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
