# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The compiler tier: ``cargo clippy`` on save, the newest wins, cancelled when stale."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rex_lsp.build import builder
from rex_lsp.build.errors import CannotBuild
from rex_lsp.project.jobs import Superseded
from rex_lsp.project.store import Tier
from rex_lsp.rules.finding import Finding
from rex_lsp.server.progress import CancelledByPerson
from rex_lsp.server.server import ERROR, RexServer

_COALESCE_SECONDS = 0.005


async def check(ls: RexServer, package: Path) -> None:
    """Check one package and put what the compiler says in the store."""

    async def work() -> builder.CheckResult:
        async with ls.progresses.show(f"rex: checking {package.name}") as progress:
            return await builder.check(
                package, features=tuple(ls.settings.get("features")), progress=progress
            )

    try:
        # "Save all" is one check, not one for each file.
        result = await ls.jobs.run(
            ("check", package),
            f"checking {package.name}",
            work,
            delay=_COALESCE_SECONDS,
            after=("build", package),
        )
    except (Superseded, CancelledByPerson, asyncio.CancelledError):
        return
    except CannotBuild as problem:
        ls.tell(with_repair(problem), ERROR)
        return
    ls.files.store.replace_all(Tier.COMPILER, package, in_client_paths(ls, result.findings))


def with_repair(problem: CannotBuild) -> str:
    """The problem and its next steps, in one text."""
    steps = "; ".join(problem.repair)
    return f"{problem.message}; {steps}" if steps else problem.message


def in_client_paths(
    ls: RexServer, findings: dict[Path, list[Finding]]
) -> dict[Path, list[Finding]]:
    """Findings under the paths the client uses: it may know a file by a link."""
    links = {path.resolve(): path for path in ls.files.buffers if path.is_absolute()}
    renamed: dict[Path, list[Finding]] = {}
    for path, found in findings.items():
        renamed.setdefault(links.get(path.resolve(), path), []).extend(found)
    return renamed
