# SPDX-License-Identifier: Apache-2.0 OR MIT
"""File URIs and paths. A document without a file gets a relative path that no file has."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed

_SAFE = "/!$&'()*+,;=:@-._~"


@lru_cache(4096)
def to_path(uri: str) -> Path:
    """The path of a ``file:`` URI; another scheme's URI (``untitled:``) as one odd name.

    Raises:
        RequestFailed: the text is no URI (-32602).
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise RequestFailed(
            INVALID_PARAMS, f"expected a URI, found {uri[:80]!r}: {error}"
        ) from None
    if not parts.scheme or "\0" in uri:
        raise RequestFailed(INVALID_PARAMS, f"expected a URI with a scheme, found {uri[:80]!r}")
    if parts.scheme != "file":
        return Path("\N{REPLACEMENT CHARACTER}" + quote(uri, safe=""))
    raw = unquote_to_bytes(parts.path)
    if not raw.startswith(b"/") or b"\0" in raw:
        raise RequestFailed(INVALID_PARAMS, f"expected an absolute file URI, found {uri[:80]!r}")
    return Path(raw.decode("utf-8", "surrogateescape"))


@lru_cache(4096)
def from_path(path: Path) -> str:
    """The URI of a path."""
    text = str(path)
    if not path.is_absolute():
        return unquote_to_bytes(text[1:]).decode("utf-8", "replace")
    return "file://" + quote(text.encode("utf-8", "surrogateescape"), safe=_SAFE)
