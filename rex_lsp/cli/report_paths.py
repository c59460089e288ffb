# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How a report names files: relative to what was checked, or to the root of the sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote


def common_directory(directories: Sequence[Path]) -> Path:
    """The directory itself when it is one, else the deepest that has all of them in it."""
    return Path(os.path.commonpath([str(one.absolute()) for one in directories]))


def relative(path: Path, directory: Path) -> str:
    """`path` as seen from `directory`, whatever the working directory is."""
    return os.path.relpath(path.absolute(), directory.absolute())


def source_root(directory: Path) -> Path:
    """What paths of CI formats are relative to.

    That is the checkout of a GitHub job (`GITHUB_WORKSPACE`) where the directory lies in it,
    else the repository around the directory, else the directory.
    """
    directory = directory.absolute()
    given = os.environ.get("GITHUB_WORKSPACE")
    if given and inside(directory, Path(given)) is not None:
        return Path(given)
    for candidate in (directory, *directory.parents):
        if (candidate / ".git").exists():
            return candidate
    return directory


def inside(path: Path, root: Path) -> Path | None:
    """`path` relative to `root`, through symbolic links too; None outside of it."""
    for one, other in ((path.absolute(), root.absolute()), (path.resolve(), root.resolve())):
        normal = Path(os.path.normpath(one))
        if normal.is_relative_to(other):
            return normal.relative_to(other)
    return None


def uri_reference(path: Path) -> str:
    """A relative path as a URI reference (RFC 3986, section 4.2), byte by byte."""
    text = quote(os.fsencode(path), safe="/!$&'()*+,;=@~")
    return f"./{text}" if ":" in text.split("/", 1)[0] else text


def file_uri(path: Path) -> str:
    """An absolute path as a `file` URI (RFC 8089)."""
    return "file://" + quote(os.fsencode(path.absolute()), safe="/!$&'()*+,;=@~")
