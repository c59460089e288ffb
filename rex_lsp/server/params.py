# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Words for parameters that do not have the shape the protocol asks for."""

from __future__ import annotations


def describe_mismatch(error: BaseException) -> str:
    """The first field of a failed structuring that does not fit, in one line."""
    path: list[str] = []
    current: BaseException = error
    while True:
        nested = getattr(current, "exceptions", None)
        if not nested:
            break
        current = nested[0]
        for note in getattr(current, "__notes__", ()):
            field = getattr(note, "name", None)
            if field is None:
                field = getattr(note, "index", None)
            if field is not None:
                path.append(str(field))
    if isinstance(current, KeyError):
        where = ".".join(path[:-1]) or "params"
        return f"expected {where} to have the field {current.args[0]!r}"
    where = ".".join(path) or "params"
    return (
        f"expected another value at {where}, found {str(current)[:120] or type(current).__name__}"
    )
