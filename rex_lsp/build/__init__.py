# SPDX-License-Identifier: Apache-2.0 OR MIT
"""From an extension's sources to `NAME.elf` and `NAME.rex`, with cargo and a stock rustc.

Every call here that starts a process says so. Processes are started only for callers
that trust the project: cargo runs the project's build scripts and proc macros.
"""

from rex_lsp.build.builder import Artifact, BuildResult, CheckResult, build, check, extensions
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.manifest import Manifest, find_manifest, read_manifest
from rex_lsp.build.process import Cancelled
from rex_lsp.build.progress import Progress
from rex_lsp.build.sysroot import ensure_sysroot
from rex_lsp.build.targets import Target
from rex_lsp.build.toolchain import Toolchain, ToolchainMissing, discover

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
