# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs `rex` as a person does: another process, its output and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

SCHEMAS = Path(__file__).resolve().parent.parent.parent / "docs" / "schemas"


@dataclass(frozen=True)
class Ran:
    """One finished command."""

    status: int
    out: str
    err: str

    def json(self, schema: str) -> Any:
        """The document on stdout, valid by `docs/schemas/SCHEMA.json`."""
        document = json.loads(self.out)
        jsonschema.validate(document, json.loads((SCHEMAS / f"{schema}.json").read_text()))
        return document


def rex(*arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] = {}) -> Ran:
    """`rex ARGUMENTS`; a traceback on stderr fails the test whatever the status."""
    ended = subprocess.run(
        [sys.executable, "-m", "rex_lsp", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return Ran(ended.returncode, ended.stdout, ended.stderr)
