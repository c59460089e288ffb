# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Makes an image of a linked ELF, and puts what the packer refuses on the person's line."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rex_lsp.build import process
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.linker import line_span
from rex_lsp.build.locations import native
from rex_lsp.build.messages import Placed
from rex_lsp.build.signing import Signer
from rex_lsp.rules import image_audit
from rex_lsp.rules.compiler import rule_for_refusal
from rex_lsp.rules.finding import Finding, Related, Severity
from rex_lsp.syntax.positions import Span

CODE = image_audit.RULE.code
SOURCE = "rex-image"


async def pack(
    elf: Path, record: Mapping[str, str], signer: Signer | None, cancel: asyncio.Event | None
) -> tuple[Path | None, process.Completed | None]:
    """The image beside `elf`, or what the packer said when it refused.

    Raises `CannotBuild` if the packer, the signer or the file system fails.
    """
    image = elf.with_suffix(".rex")
    scratch = image.with_name(f".{image.name}.{os.getpid()}")
    argv = [str(native("rexrt")), "pack", str(elf), "-o", str(scratch), "--format", "json"]
    for key, value in record.items():
        argv += ["--record", f"{key}={value}"]
    try:
        done = await process.run(argv, env=process.clean_environment(os.environ), cancel=cancel)
        if done.status == 0:
            if signer is not None:
                await signer.sign(scratch, cancel)
            scratch.replace(image)
            return image, None
    except OSError as error:
        raise CannotBuild(f"cannot pack {elf.name}: {error.strerror}", ("rex doctor",)) from error
    finally:
        scratch.unlink(missing_ok=True)
    return None, done


def refused_findings(
    done: process.Completed | None,
    root_file: Path,
    root: Path,
    map_named: Callable[[str], tuple[Path, Span] | None],
) -> Iterator[Placed]:
    """One finding for each that the packer printed, at its line below `root`.

    `map_named` answers where a map is declared. What has no line of the package's own, and
    what the packer could only say in words, is at the start of `root_file`.
    """
    if done is None:
        return
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    found = said.get("findings") or []
    for finding in found:
        place = map_named(finding["map"]) if finding.get("map") else None
        path, span = place or _place(finding.get("line"), root) or (root_file, Span(0, 0))
        rule = rule_for_refusal(finding["cause"])
        yield (
            path,
            Finding(
                rule.code,
                Severity.ERROR,
                _words(finding),
                span,
                source=SOURCE,
                related=tuple(_steps(finding, root)),
            ),
        )
    if not found:
        lines = done.errors.splitlines()
        text = lines[0] if lines else f"the packer ended with status {done.status}"
        text = text.removeprefix("rexrt: ").removeprefix("error: ")
        yield root_file, Finding(CODE, Severity.ERROR, text, Span(0, 0), source=SOURCE)


def _words(finding: Mapping[str, Any]) -> str:
    message = str(finding["message"])
    if not finding["function"] or f"`{finding['function']}`" in message:
        return message
    instruction = f", `{finding['instruction']}`" if finding["instruction"] else ""
    return f"in `{finding['function']}`{instruction}: {message}"


def _steps(finding: Mapping[str, Any], root: Path) -> Iterator[Related]:
    """The functions on the way down to a depth."""
    for step in finding.get("path", ()):
        place = _place(step["line"], root)
        if place is not None:
            yield Related(*place, f"`{step['function']}` is entered with {step['depth']} bytes")


def _place(line: Mapping[str, Any] | None, root: Path) -> tuple[Path, Span] | None:
    if line is None:
        return None
    path = root / line["file"]
    return (path, line_span(path, line["line"])) if path.is_file() else None
