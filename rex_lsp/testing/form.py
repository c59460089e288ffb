# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The form of `tests/*.toml`, declared once, and the check of a file against it.

:data:`SCHEMA` is a JSON Schema (draft 2020-12), which editors use through
``docs/schemas/test-file.json``; :func:`problems` checks the part of JSON Schema that stands
in it and answers in words: where, what was expected, what was found, which key is near.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from rex_lsp.deploy.sources import KINDS

Schema: TypeAlias = Mapping[str, Any]
Place: TypeAlias = tuple[str | int, ...]


def _table(doc: str, properties: Schema, required: Sequence[str] = (), **more: Any) -> Schema:
    return {
        "type": "object",
        "description": doc,
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
        **more,
    }


def _list(doc: str, items: Schema) -> Schema:
    return {"type": "array", "description": doc, "items": items}


def _text(doc: str, **more: Any) -> Schema:
    return {"type": "string", "description": doc, **more}


def _number(doc: str, **more: Any) -> Schema:
    return {"type": "integer", "description": doc, "minimum": 0, **more}


_NAME = "[A-Za-z_][A-Za-z0-9_-]*"
_HEX = {"pattern": "^([0-9a-fA-F]{2}\\s*)*$"}
_PATTERN = (
    "text with placeholders: {number}, {hex}, {time}, {any}, {pid} and {cpu} of the event, "
    "{N:number} to remember one as N, {N}, {N+1} and {N-1} to use it, {{ and }} for braces"
)
_SOURCE = _table(
    f"one of {', '.join(KINDS)} as in [[package.metadata.rex.source]], or `packets`",
    {
        "command": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "description": "program and arguments, whose system calls are the events",
        },
        "cwd": _text("directory of the command, relative to the package"),
        "env": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "environment of the command, over that of `rex test`",
        },
        "pcap": _text("capture file, relative to the package"),
        "packets": _list("packets in place of a file", _text("bytes in hex", **_HEX)),
        "iface": _text("network interface"),
        "events": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}],
            "description": "JSON file of events, relative to the package, or the events",
        },
        "timer": {
            "anyOf": [
                _number("samples a second"),
                _table(
                    "samples",
                    {"hz": _number("samples a second"), "count": _number("samples in all")},
                    ("hz",),
                ),
            ],
            "description": "samples for perf event programs",
        },
    },
)
_TRACE = _table(
    "a line, with more to say about it",
    {
        "text": _text(_PATTERN),
        "regex": _text("a regular expression (Python's) for the whole line"),
        "count": _number("how many such lines there are", minimum=1),
        "program": _text("the program that prints it"),
    },
)
_OUTPUT = {
    "anyOf": [
        _text("all of it, " + _PATTERN),
        _table(
            "what must be in it",
            {
                "contains": _list("texts that are in it", {"type": "string"}),
                "regex": _text("a regular expression (Python's) that is found in it"),
            },
        ),
    ],
}
_VERDICTS = _list(
    "verdict of each packet in order",
    {"anyOf": [_text("as XDP_PASS; several with | between them"), _number("the number")]},
)
_AT: Schema = {
    "at": _text("FILE:LINE, the file relative to the package", pattern=":[0-9]+$"),
    "code": _text("a part of the source line, which stays true when lines move"),
}
_KEY: Schema = {"description": "typed as the map's key: number, list, table of fields, text"}
_VALUE: Schema = {
    "description": "typed as the map's value: number, variant, list, table of fields (those "
    "left out are not looked at), text for bytes; of a per-CPU map, the sum over all CPUs"
}
_ENTRY = _table(
    "one entry",
    {
        "key": _KEY,
        "key_hex": _text("the key's bytes", **_HEX),
        "value": _VALUE,
        "value_hex": _text("the value's bytes", **_HEX),
        "per_cpu": _list("the value of each CPU, of the first ones", _VALUE),
    },
)
_MAP = _table(
    "a map: what is in it before and after",
    {
        "name": _text("name of the static"),
        "initial": _list("entries written before the programs are attached", _ENTRY),
        "entries": _list("entries that must be there afterwards", _ENTRY),
        "only": {"type": "boolean", "description": "whether nothing else may be there"},
        "absent": _list("keys that must not be there", _KEY),
        "count": _number("how many entries there are"),
        "values": _list(
            "all that a queue or stack holds, next one first, or the records of a ring buffer "
            "as `{ text = … }` or `{ hex = … }`",
            _VALUE,
        ),
    },
    ("name",),
)
_STOP_KINDS = ("panic", "terminated", "stack", "fault")
_STOP = _table(
    "the end of a program before its time",
    {
        "kind": _text("how it ended", enum=list(_STOP_KINDS)),
        "program": _text("which program"),
        "message": _text(_PATTERN),
        **_AT,
    },
    ("kind",),
)
_TEST = _table(
    "one test",
    {
        "name": _text("letters, digits, _ and -", pattern=f"^{_NAME}$"),
        "ignore": _text("why it is not run without --ignored"),
        "target": _list("targets it is for; all when left out", {"type": "string"}),
        "features": _list("cargo features to build with", {"type": "string"}),
        "timeout": {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": "seconds until the source is stopped and the test failed; 60",
        },
        "programs": _list("programs to attach; all when left out", {"type": "string"}),
        "attach": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "attach targets by program, for those that name none",
        },
        "source": {
            "anyOf": [_text("name of a source that Cargo.toml declares"), _SOURCE],
            "description": "where events come from; the only declared one that fits when left out",
        },
        "refused": _text("load, attach or source are refused with this in the message"),
        "trace": _list("lines that are printed", {"anyOf": [_text(_PATTERN), _TRACE]}),
        "trace_order": _text(
            "exact: these lines in this order; any: these lines in any order; within: these in "
            "this order among others",
            enum=["exact", "any", "within"],
        ),
        "verdicts": {
            "anyOf": [
                _VERDICTS,
                {"type": "object", "additionalProperties": _VERDICTS},
            ],
            "description": "verdict of each packet in order, or such a list by program",
        },
        "verdict_counts": {
            "type": "object",
            "additionalProperties": _number("how many packets"),
            "description": "how many packets got each verdict; others got none",
        },
        "output": _text("capture file of the packets as they must be afterwards"),
        "packet": _list(
            "one packet afterwards",
            _table(
                "one packet afterwards",
                {
                    "index": _number("which one, from 0"),
                    "length": _number("its bytes"),
                    "at": _number("where `hex` or `text` begins; 0"),
                    "hex": _text("bytes", **_HEX),
                    "text": _text("bytes as UTF-8"),
                    "unchanged": {"type": "boolean", "description": "it is as it came in"},
                },
                ("index",),
            ),
        ),
        "map": _list("maps before and after", _MAP),
        "stops": _list("programs that end before their time; none when left out", _STOP),
        "leaks": _list(
            "what programs return with and the runtime releases; nothing when left out",
            _table(
                "something held at the return",
                {"resource": _text("what it is"), "program": _text("which program"), **_AT},
            ),
        ),
        "exit": {
            "anyOf": [
                _number("exit status"),
                _table("a signal", {"signal": _number("its number", minimum=1)}, ("signal",)),
            ],
            "description": "how the source ends; 0 when left out",
        },
        "stdout": {**_OUTPUT, "description": "what the command prints"},
        "stderr": {**_OUTPUT, "description": "what the command prints as errors"},
    },
    ("name",),
)
SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "tests/*.toml of an extension",
    **_table(
        "Tests of a Rex extension, run by `rex test DIR`.",
        {"test": {**_list("the tests", _TEST), "minItems": 1}},
        ("test",),
    ),
}

_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "object": (dict, "a table"),
    "array": (list, "a list"),
    "string": (str, "a text"),
    "integer": (int, "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": (bool, "true or false"),
}


def problems(value: Any, schema: Schema = SCHEMA, at: Place = ()) -> Iterator[tuple[Place, str]]:
    """What is wrong with a value and where, in the order of the file."""
    if "anyOf" in schema:
        fitting = [one for one in schema["anyOf"] if _fits_type(value, one)]
        if not fitting:
            wanted = " or ".join(dict.fromkeys(_words(one) for one in schema["anyOf"]))
            yield at, f"expected {wanted}, found {_shown(value)}"
        elif all(any(problems(value, one, at)) for one in fitting):
            yield from problems(value, fitting[0], at)
        return
    if not _fits_type(value, schema):
        yield at, f"expected {_words(schema)}, found {_shown(value)}"
    elif isinstance(value, dict):
        yield from _table_problems(value, schema, at)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from problems(one, schema.get("items", {}), (*at, index))
        if len(value) < schema.get("minItems", 0):
            yield at, "expected at least one, found an empty list"
    else:
        yield from _scalar_problems(value, schema, at)


def _table_problems(value: Mapping[str, Any], schema: Schema, at: Place) -> Iterator[Any]:
    known: Schema = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for key, one in value.items():
        if key in known:
            yield from problems(one, known[key], (*at, key))
        elif others is False:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(known)}"
            yield (*at, key), f"`{key}` is unknown here; {hint}"
        elif others is not True:
            yield from problems(one, others, (*at, key))
    for key in schema.get("required", ()):
        if key not in value:
            yield at, f"`{key}` is missing"


def _scalar_problems(value: Any, schema: Schema, at: Place) -> Iterator[tuple[Place, str]]:
    choices = schema.get("enum")
    if choices is not None and value not in choices:
        yield at, f"expected one of {', '.join(choices)}, found {_shown(value)}"
    pattern = schema.get("pattern")
    if pattern is not None and re.search(pattern, value) is None:
        yield at, f"expected {schema['description']}, found {_shown(value)}"
    if "minimum" in schema and value < schema["minimum"]:
        yield at, f"expected at least {schema['minimum']}, found {value}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield at, f"expected more than {schema['exclusiveMinimum']}, found {value}"


def _fits_type(value: Any, schema: Schema) -> bool:
    if "anyOf" in schema:
        return any(_fits_type(value, one) for one in schema["anyOf"])
    if "type" not in schema:
        return True
    name = schema["type"]
    if isinstance(value, bool):
        return bool(name == "boolean")
    return isinstance(value, _TYPES[name][0])


def _words(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_words(one) for one in schema["anyOf"]))
    return _TYPES[schema["type"]][1]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
