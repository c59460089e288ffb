# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What can go wrong between us and rexrt, one class per thing a person does next.

Codes are those of the daemon's JSON-RPC errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SUBJECTS: Mapping[int, str] = {
    1001: "version_skew",
    1002: "bad_image",
    1003: "no_such_object",
    1004: "unknown_attach_target",
    1005: "unsupported",
    1006: "source_failed",
    1007: "not_permitted",
    1008: "target_unavailable",
    1009: "busy",
    1010: "invalid_value",
    1011: "map_refused",
}


class RuntimeFailed(Exception):
    """The daemon answered with an error.

    ``kind`` is the daemon's word for the cause, ``near`` the names it would have known,
    ``repair`` the command or change that mends it, when there is one.
    """

    def __init__(
        self, code: int, message: str, *, kind: str = "", repair: str = "", near: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind = kind or _SUBJECTS.get(code, "")
        self.repair = repair
        self.near = tuple(near)

    @classmethod
    def from_json(cls, error: Mapping[str, Any]) -> RuntimeFailed:
        """Read a JSON-RPC error object; whatever is missing is left empty."""
        data = error.get("data")
        data = data if isinstance(data, Mapping) else {}
        code = error.get("code")
        near = data.get("near")
        return cls(
            code if isinstance(code, int) else 0,
            str(error.get("message", "rexrt gave no reason")),
            kind=str(data.get("kind") or ""),
            repair=str(data.get("repair") or ""),
            near=[str(name) for name in near] if isinstance(near, list) else (),
        )

    @property
    def advice(self) -> str:
        """The next step in words, empty when there is none."""
        if self.repair:
            return self.repair
        return f"did you mean {', '.join(self.near[:5])}?" if self.near else ""

    def __str__(self) -> str:
        return f"{self.message}; {self.advice}" if self.advice else self.message


class RuntimeUnreachable(Exception):
    """No daemon answers and none could be started."""


class ConnectionLost(Exception):
    """The daemon went away while we were talking; everything it held for us is gone."""
