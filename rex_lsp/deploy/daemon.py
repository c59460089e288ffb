# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Starts ``rexrt daemon`` as a process that outlives us."""

from __future__ import annotations

import subprocess
from pathlib import Path

from rex_lsp.deploy.errors import RuntimeUnreachable

# Daemons of this process: kept so that one which ended is reaped, not left a zombie.
_started: list[subprocess.Popen[bytes]] = []


class Daemon:
    """A daemon that was just started; it may lose the race for the socket and end."""

    def __init__(self, program: Path, process: subprocess.Popen[bytes], log: Path) -> None:
        self.program = program
        self._process = process
        self._log = log

    @classmethod
    def start(cls, program: Path, socket: Path) -> Daemon:
        """Start ``program daemon`` in a session of its own, in ``/``, with its own log.

        Raises:
            RuntimeUnreachable: the program or the socket's directory cannot be used.
        """
        _started[:] = [process for process in _started if process.poll() is None]
        log = socket.parent / "rexrt.log"
        try:
            socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with log.open("wb") as errors:
                process = subprocess.Popen(
                    [str(program), "daemon"],
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as error:
            raise RuntimeUnreachable(f"cannot start {program}: {error.strerror}") from error
        _started.append(process)
        return cls(program, process, log)

    @property
    def failed(self) -> bool:
        """Whether it ended with an error; status 0 means that another daemon was first."""
        return self._process.poll() not in (None, 0)

    def last_words(self) -> str:
        """The last line it wrote before it ended, with a colon in front, or nothing."""
        status = self._process.poll()
        if status is None:
            return ""
        try:
            said = self._log.read_text("utf-8", "replace").strip()
        except OSError:
            said = ""
        return f": {said.splitlines()[-1]}" if said else f": it ended with status {status}"
