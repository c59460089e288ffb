# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What GNU ld says about an image, in words.

An import that is not on the list is a plain undefined reference, so the symbol's name
says what the program tried to use.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.syntax.positions import Span

_UNDEFINED = re.compile(
    r"(?:(?P<file>[^\s:()]+\.rs):(?P<line>\d+):|:[^\n:]*) "
    r"undefined reference to [`'](?P<symbol>[^'`]+)'"
)
_OVERFLOW = re.compile(r"relocation truncated to fit: (\S+)")
# Names of GCC's libgcc, chapter "Soft float library routines", and of C's math library.
_FLOAT = re.compile(
    r"__(?:add|sub|mul|div|neg|pow|cmp|unord|eq|ne|ge|lt|le|gt)[sdxt]f[23i]?\Z"
    r"|__(?:float|fix|extend|trunc)\w*[sdhxt][if]\w*\Z"
    r"|f?(?:mod|ma|min|max|dim)f?\Z|(?:sqrt|pow|exp2?|log(?:2|10)?|sin|cos|tan|floor|ceil|trunc|round|rint)f?\Z"
)
_ALLOCATION = re.compile(r"__rust_(?:alloc|dealloc|realloc)|__rdl_|__rg_")


def link_findings(
    notes: Sequence[str], package: Path, root_file: Path
) -> list[tuple[Path, Finding]]:
    """Findings for a failed link; `notes` carry ld's own output, whose paths are relative
    to `package`.

    One finding per line and cause. What has no line goes to the start of `root_file`.
    """
    output = "\n".join(notes)
    causes: dict[tuple[Path, Span, str], list[str]] = {}
    for match in _UNDEFINED.finditer(output):
        path, span = _place(match["file"], match["line"], package)
        key = (path or root_file, span, _cause(match["symbol"]))
        symbols = causes.setdefault(key, [])
        if match["symbol"] not in symbols:
            symbols.append(match["symbol"])
    if causes:
        return [
            (path, Finding(_CODES[cause], Severity.ERROR, _words(cause, symbols), span, "rustc"))
            for (path, span, cause), symbols in causes.items()
        ]
    truncated = _OVERFLOW.search(output)
    if truncated:
        text = f"the image is too large to link: {truncated[0]}"
    else:
        said = [ln for ln in output.splitlines() if "ld:" in ln or ln.startswith("error")]
        text = f"the image cannot be linked: {(said or ['the linker gave no reason'])[-1].strip()}"
    return [(root_file, Finding("linker", Severity.ERROR, text, Span(0, 0), source="rustc"))]


_CODES = {"float": "rex::float_or_simd", "heap": "rex::std_or_alloc", "import": "linker"}


def _cause(symbol: str) -> str:
    if _FLOAT.match(symbol):
        return "float"
    return "heap" if _ALLOCATION.search(symbol) else "import"


def _words(cause: str, symbols: Sequence[str]) -> str:
    names = ", ".join(f"`{symbol}`" for symbol in symbols)
    if cause == "float":
        return (
            f"floating point is not available in the kernel: the compiled code calls {names}; "
            "use integers or fixed-point arithmetic"
        )
    if cause == "heap":
        return (
            f"there is no heap in an extension: the compiled code calls {names}; "
            "use a map or a fixed-size array"
        )
    return (
        f"an extension cannot import {names}; use what the kernel crate `rex` offers in its place"
    )


def _place(name: str | None, line: str | None, package: Path) -> tuple[Path | None, Span]:
    if name is None or line is None:
        return None, Span(0, 0)
    path = Path(os.path.normpath(package / name))
    return (path, line_span(path, int(line))) if path.is_file() else (None, Span(0, 0))


def line_span(path: Path, number: int) -> Span:
    """The text of a one-based line without its indent; empty when there is no such line."""
    offset = 0
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError:
        return Span(0, 0)
    for index, text in enumerate(lines, 1):
        if index == number:
            indent = len(text) - len(text.lstrip())
            return Span(offset + indent, offset + len(text.rstrip()))
        offset += len(text)
    return Span(0, 0)
