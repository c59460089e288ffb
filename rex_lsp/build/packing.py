# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Makes an image of a linked ELF, and puts what the packer refuses on the person's line."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rex_lsp.build import process
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.linker import line_span
from rex_lsp.build.locations import native
from rex_lsp.build.messages import Placed
from rex_lsp.build.signing import Signer
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.syntax.positions import Span

CODE = "rex::image_audit"
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
    done: process.Completed | None, root_file: Path, root: Path
) -> Iterator[Placed]:
    """One finding for each that the packer printed, at its line below `root`.

    What has no line of the package's own, and what the packer could only say in words, is
    at the start of `root_file`.
    """
    if done is None:
        return
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {}
    found = said.get("findings") or []
    for finding in found:
        path, span = _place(finding.get("line"), root_file, root)
        yield path, Finding(CODE, Severity.ERROR, _words(finding), span, source=SOURCE)
    if not found:
        lines = done.errors.splitlines()
        text = lines[0] if lines else f"the packer ended with status {done.status}"
        text = text.removeprefix("rexrt: ").removeprefix("error: ")
        yield root_file, Finding(CODE, Severity.ERROR, text, Span(0, 0), source=SOURCE)


def _words(finding: Mapping[str, Any]) -> str:
    instruction = f", `{finding['instruction']}`" if finding["instruction"] else ""
    where = f"in `{finding['function']}`{instruction}: " if finding["function"] else ""
    return f"{where}{finding['message']}"


def _place(line: Mapping[str, Any] | None, root_file: Path, root: Path) -> tuple[Path, Span]:
    if line is None:
        return root_file, Span(0, 0)
    path = root / line["file"]
    return (path, line_span(path, line["line"])) if path.is_file() else (root_file, Span(0, 0))
