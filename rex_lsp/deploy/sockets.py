# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Where the daemon of this user listens."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rex_lsp.deploy.errors import RuntimeUnreachable


def socket_path() -> Path:
    """``rex/rexrt.sock`` in the user's runtime directory.

    That is ``$XDG_RUNTIME_DIR``, else ``/run/user/UID`` where it exists, else
    ``/tmp/rex-UID``.

    Raises:
        RuntimeUnreachable: the directory in /tmp belongs to somebody else.
    """
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if named.startswith("/"):
        return Path(named) / "rex" / "rexrt.sock"
    uid = os.getuid()
    run = Path(f"/run/user/{uid}")
    if run.is_dir():
        return run / "rex" / "rexrt.sock"
    directory = Path(f"/tmp/rex-{uid}")
    _must_be_ours(directory, uid)
    return directory / "rexrt.sock"


def _must_be_ours(directory: Path, uid: int) -> None:
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
        raise RuntimeUnreachable(
            f"{directory} is not a directory of this user with mode 0700; remove it, or set "
            "XDG_RUNTIME_DIR to a directory of your own"
        )
