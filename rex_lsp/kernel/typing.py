# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The kernel-crate type of an expression, as far as signatures tell.

No inference: parameters, annotated or initialised `let`s, statics, and what methods and
fields of the crate's own types return. Where that does not say it, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rex_lsp.kernel.cursor import blanked
from rex_lsp.kernel.index import Entry, KernelIndex

_REFERENCE = re.compile(r"^\s*(?:&\s*(?:'\w+\s*)?(?:mut\s+)?)+")
_HEAD = re.compile(r"^\s*([A-Za-z_][\w:]*)\s*(?:<(.*)>)?\s*$", re.DOTALL)
_WORD_PATH = re.compile(r"[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)*")
_SAME = frozenset({"as_ref", "as_mut", "as_deref", "as_deref_mut", "by_ref", "clone", "copied"})
_INNER = frozenset({"unwrap", "expect", "unwrap_or_default", "unwrap_or"})
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Type:
    """A type as text; ``types`` are the words in it that are types of the crate."""

    text: str
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def head(self) -> tuple[str, list[str]]:
        """The last segment of its path and its arguments, references taken off."""
        found = _HEAD.match(_REFERENCE.sub("", self.text))
        if found is None:
            return "", []
        return found.group(1).rpartition("::")[2], split(found.group(2) or "")

    @property
    def path(self) -> str | None:
        """Where the type is in the index."""
        return self.types.get(self.head[0])


class Scope:
    """Names around a cursor: ``text`` is the item up to the cursor, strings and all.

    ``resolve`` gives the crate path (``rex::…``) that a written path means, ``static``
    the type text of a static by its name.
    """

    def __init__(
        self,
        index: KernelIndex,
        text: str,
        resolve: Callable[[str], str | None],
        static: Callable[[str], str | None],
    ) -> None:
        self._index = index
        self._text = text
        self._code = blanked(text)
        self._resolve = resolve
        self._static = static

    def type_of(self, expression: str, depth: int = 0) -> Type | None:
        """The type of an expression that ends before the cursor."""
        if depth > _STEPS:
            return None
        steps = _steps(expression.strip())
        if not steps:
            return None
        first, *rest = steps
        current = self._first(first, depth)
        for step in rest:
            if current is None:
                return None
            current = self._step(current, step)
        return current

    def callee(self, expression: str) -> Entry | None:
        """The function that a callee expression names: `obj.method`, `path::function`."""
        owner, _, name = expression.rpartition(".")
        if owner and re.fullmatch(r"\s*[A-Za-z_]\w*\s*", name):
            receiver = self.type_of(owner)
            return None if receiver is None else self.member(receiver, name.strip())
        path = self._resolve(re.sub(r"\s", "", expression))
        return None if path is None else self._index.get(path)

    def member(self, receiver: Type, name: str) -> Entry | None:
        """A field or method of a value, through Deref."""
        return next((one for one in self.members(receiver) if one.name == name), None)

    def members(self, receiver: Type) -> list[Entry]:
        """What a value of the type has behind a dot, nearest first."""
        found: list[Entry] = []
        current: Type | None = receiver
        for _ in range(4):
            path = None if current is None else current.path
            if current is None or path is None:
                break
            found += self._index.members(path)
            current = self._deref(current, path)
        return found

    def named(self, text: str) -> Type:
        """A type as it is written in the source."""
        types: dict[str, str] = {}
        for word in _WORD_PATH.findall(text):
            written = re.sub(r"\s", "", word)
            path = self._resolve(written)
            if path is not None:
                types[written.rpartition("::")[2]] = path
        return Type(text.strip(), types)

    def _deref(self, current: Type, path: str) -> Type | None:
        entry = self._index.get(path)
        if entry is None or not entry.deref:
            return None
        target = _substituted(entry.deref, self._bindings(current, entry))
        return Type(target, {**current.types, **self._index.deref_types(path)})

    def _bindings(self, current: Type, owner: Entry) -> dict[str, str]:
        return dict(zip(owner.generics, current.head[1], strict=False))

    def _first(self, step: _Step, depth: int) -> Type | None:
        if step.called:
            path = self._resolve(step.name)
            entry = None if path is None else self._index.get(path)
            return None if entry is None else self._returned(entry, None)
        if "::" not in step.name:
            local = self._local(step.name, depth)
            if local is not None:
                return local
            static = self._static(step.name)
            if static is not None:
                return self.named(static)
        return None

    def _step(self, current: Type, step: _Step) -> Type | None:
        arguments = current.head[1]
        if step.name == "?" or (step.called and step.name in _INNER):
            return Type(arguments[0], current.types) if arguments else None
        if step.called and step.name in _SAME:
            return current
        member = self.member(current, step.name)
        return None if member is None else self._returned(member, current)

    def _returned(self, entry: Entry, receiver: Type | None) -> Type:
        types = dict(entry.types)
        bindings: dict[str, str] = {}
        if receiver is not None and receiver.path is not None:
            types = {**receiver.types, **types}
            owner = self._index.get(receiver.path)
            bindings = {} if owner is None else self._bindings(receiver, owner)
            bindings["Self"] = receiver.text
        elif "Self" in entry.returns:
            owner_path = entry.path.rpartition("::")[0]
            name = owner_path.rpartition("::")[2]
            bindings["Self"], types[name] = name, owner_path
        return Type(_substituted(entry.returns, bindings), types)

    def _local(self, name: str, depth: int) -> Type | None:
        """The nearest `let` or parameter of this name before the cursor."""
        pattern = re.compile(
            rf"\blet\s+(?P<some>(?:Some|Ok)\s*\(\s*)?(?:ref\s+)?(?:mut\s+)?{re.escape(name)}\b"
            r"\s*(?(some)\))\s*(?::\s*(?P<type>[^=;]+?))?\s*=(?!=)"
        )
        last = None
        for found in pattern.finditer(self._code):
            last = found
        start = _last_function(self._code)
        if last is None or last.start() < start:
            return self._parameter(name, start)
        if last.group("type"):
            return self.named(self._text[last.start("type") : last.end("type")])
        end = _expression_end(self._code, last.end())
        value = Scope(self._index, self._text[: last.start()], self._resolve, self._static)
        found_type = value.type_of(self._text[last.end() : end], depth + 1)
        if found_type is None or not last.group("some"):
            return found_type
        arguments = found_type.head[1]
        return Type(arguments[0], found_type.types) if arguments else None

    def _parameter(self, name: str, start: int) -> Type | None:
        opening = self._code.find("(", start)
        if start < 0 or opening < 0:
            return None
        closing = _closing(self._code, opening)
        for one in split(self._text[opening + 1 : closing]):
            pattern, colon, text = one.partition(":")
            if colon and pattern.strip().removeprefix("mut ").strip() == name:
                return self.named(text)
        return None


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    called: bool


def split(text: str) -> list[str]:
    """The parts of a list at its outer commas."""
    parts: list[str] = []
    depth = start = 0
    previous = ""
    for at, char in enumerate(text):
        if char in "([{<":
            depth += 1
        elif char in ")]}" or (char == ">" and previous not in ("-", "=")):
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
        previous = char
    parts.append(text[start:].strip())
    return [part for part in parts if part]


def _steps(expression: str) -> list[_Step]:
    """`a::b(x).c?.d` as its steps; empty when it is more than names, calls and `?`."""
    text = re.sub(r"^\s*(?:&\s*(?:mut\s+)?|\*\s*)+", "", expression)
    code = blanked(text)
    steps: list[_Step] = []
    at = 0
    name = re.compile(r"\s*(?:\.\s*)?((?:[A-Za-z_]\w*\s*::\s*)*[A-Za-z_]\w*)")
    while at < len(code):
        if code[at].isspace():
            at += 1
            continue
        if code[at] == "?":
            steps.append(_Step("?", False))
            at += 1
            continue
        if not steps and code[at] == "(":
            closing = _closing(code, at)
            steps += _steps(text[at + 1 : closing])
            at = closing + 1
            continue
        found = name.match(code, at)
        if found is None or (steps and not code[at : found.start(1)].strip()):
            return []
        at = found.end()
        called = False
        turbofish = re.match(r"\s*::\s*<", code[at:])
        if turbofish:
            at = _closing(code, at + turbofish.end() - 1) + 1
        if at < len(code) and code[at] == "(":
            at = _closing(code, at) + 1
            called = True
        steps.append(_Step(re.sub(r"\s", "", found.group(1)), called))
    return steps


def _closing(code: str, opening: int) -> int:
    """The place of the bracket that closes the one at ``opening``, or the text's end."""
    depth = 0
    for at in range(opening, len(code)):
        if code[at] in "([{<":
            depth += 1
        elif code[at] in ")]}" or (code[at] == ">" and code[at - 1] not in "-="):
            depth -= 1
            if depth == 0:
                return at
    return len(code)


def _expression_end(code: str, start: int) -> int:
    depth = 0
    for at in range(start, len(code)):
        char = code[at]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        if depth < 0 or (depth == 0 and char in ";{"):
            return at
        if depth == 0 and re.match(r"\belse\b", code[at:]) and code[at - 1].isspace():
            return at
    return len(code)


def _last_function(code: str) -> int:
    last = -1
    for found in re.finditer(r"\bfn\s+[A-Za-z_]\w*", code):
        last = found.start()
    return last


def _substituted(text: str, bindings: Mapping[str, str]) -> str:
    if not bindings:
        return text
    return re.sub(r"(?<!')\b[A-Za-z_]\w*\b", lambda m: bindings.get(m.group(), m.group()), text)
