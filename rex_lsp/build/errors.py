# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Reasons why a build cannot even begin or end, which are not the source's fault."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path


class CannotBuild(Exception):
    """Something outside the person's sources is missing; `repair` are the next steps."""

    def __init__(self, message: str, repair: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.repair = tuple(repair)


def storage_problem(error: OSError, where: Path, what: str) -> CannotBuild:
    """Words for an `OSError` met while writing `what` to `where`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotBuild(
            f"no space left on the disk that holds {where}, needed for {what}",
            (f"df -h {where}   (then free some space there)",),
        )
    return CannotBuild(
        f"cannot write {what} to {where}: {error.strerror or error}",
        ("make the directory writable, or set XDG_CACHE_HOME to one that is",),
    )
