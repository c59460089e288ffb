# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What stands before the cursor, read from half-typed text.

Works on characters, backwards from the cursor: a tree of half a line would mostly be an
error node. Strings and comments are blanked out first, at the same length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANK = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|(?:b|c)?r(?P<h>#*)".*?(?:"(?P=h)|\Z)'
    r"|\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'(?:[^'\\\n]|\\[^\n]{1,8}?)'",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"#!?\[\s*(?:[A-Za-z_]\w*\s*::\s*)*([A-Za-z_]\w*)?$")
_ATTRIBUTE_VALUE = re.compile(
    r'#\[\s*(?:[A-Za-z_]\w*\s*::\s*)*(rex_\w+)\s*\(\s*(\w+)\s*=\s*"([^"\n]*)$'
)
_ATTRIBUTE_KEY = re.compile(r"#\[\s*(?:[A-Za-z_]\w*\s*::\s*)*(rex_\w+)\s*\(\s*(\w*)$")
_PATH = re.compile(r"((?:\b[A-Za-z_]\w*\s*::\s*)+)([A-Za-z_]\w*)?$")
_USE = re.compile(r"\b(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]*)$")
_USE_TOKEN = re.compile(r"[A-Za-z_]\w*|::|[{},]")
_MEMBER = re.compile(r"\.\s*([A-Za-z_]\w*)?$")
_WORD = re.compile(r"([A-Za-z_]\w*)?$")
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}


@dataclass(frozen=True, slots=True)
class InAttribute:
    """`#[pre`: an attribute's name."""

    prefix: str


@dataclass(frozen=True, slots=True)
class InAttributeKey:
    """`#[rex_kprobe(pre`: the name of an argument."""

    attribute: str
    prefix: str


@dataclass(frozen=True, slots=True)
class InAttributeValue:
    """`#[rex_kprobe(function = "pre`: the value of an argument."""

    attribute: str
    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class AfterPath:
    """`a::b::pre`; ``in_use`` inside of a `use` declaration."""

    segments: tuple[str, ...]
    prefix: str
    in_use: bool


@dataclass(frozen=True, slots=True)
class AfterDot:
    """`receiver.pre`."""

    receiver: str
    prefix: str


@dataclass(frozen=True, slots=True)
class AtWord:
    """A word that nothing is known about."""

    prefix: str


Place = InAttribute | InAttributeKey | InAttributeValue | AfterPath | AfterDot | AtWord


def blanked(text: str) -> str:
    """``text`` with strings, characters and comments replaced by spaces, line ends kept."""

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found.group())

    return _BLANK.sub(blank, text)


def place(before: str) -> Place | None:
    """Where a cursor behind ``before`` is; None inside a string or comment."""
    value = _ATTRIBUTE_VALUE.search(before)
    if value is not None:
        return InAttributeValue(*value.groups())
    text = blanked(before)
    if _inside_blank(before, text):
        return None
    key = _ATTRIBUTE_KEY.search(text)
    if key is not None:
        return InAttributeKey(*key.groups())
    attribute = _ATTRIBUTE.search(text)
    if attribute is not None:
        return InAttribute(attribute.group(1) or "")
    use = _USE.search(text)
    if use is not None and not re.search(r"[()=.]", use.group(1)):
        segments, prefix = _use_place(use.group(1))
        return AfterPath(tuple(segments), prefix, True)
    path = _PATH.search(text)
    if path is not None:
        segments = [part.strip() for part in path.group(1).split("::")[:-1]]
        return AfterPath(tuple(segments), path.group(2) or "", False)
    member = _MEMBER.search(text)
    if member is not None and not text[: member.start()].endswith("."):
        start = receiver_start(text, member.start())
        receiver = before[start : member.start()].strip()
        if receiver and not receiver[0].isdigit():
            return AfterDot(receiver, member.group(1) or "")
        return None
    word = _WORD.search(text)
    return AtWord((word.group(1) if word else "") or "")


@dataclass(frozen=True, slots=True)
class Call:
    """The call around the cursor: what is called, and how many commas stand before."""

    callee: str
    argument: int
    macro: bool


def call_around(before: str) -> Call | None:
    """The innermost call whose arguments the cursor is in."""
    text = blanked(before)
    depth = commas = 0
    at = len(text) - 1
    while at >= 0:
        char = text[at]
        if char in ")]}":
            depth += 1
        elif char in "([{":
            if depth == 0:
                if char == "(":
                    return _call(before, text, at, commas)
                if char == "{":
                    return None
                commas = 0
            else:
                depth -= 1
        elif char == "," and depth == 0:
            commas += 1
        elif char == ";" and depth == 0:
            return None
        at -= 1
    return None


def receiver_start(text: str, end: int) -> int:
    """Where the expression begins that ends at ``end``: names, calls, `?`, dots, `::`."""
    at = _skip_space(text, end)
    while at > 0:
        char = text[at - 1]
        if char == "?":
            at = _skip_space(text, at - 1)
            continue
        if char in ")]":
            opening = _matching(text, at - 1)
            if opening is None:
                return at
            at = _skip_space(text, opening)
            if at > 0 and text[at - 1] == "!":
                at -= 1
            if at > 0 and not (text[at - 1].isalnum() or text[at - 1] in "_>)]"):
                return opening
            if at > 0 and text[at - 1] == ">":
                generic = _matching(text, at - 1)
                if generic is None or not text[:generic].endswith("::"):
                    return opening
                at = generic - 2
            continue
        if char.isalnum() or char == "_":
            while at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_"):
                at -= 1
            before = _skip_space(text, at)
            if before > 0 and text[before - 1] == "." and not text[:before].endswith(".."):
                at = _skip_space(text, before - 1)
                continue
            if text[:before].endswith("::"):
                at = before - 2
                continue
            return at
        return at
    return at


def _inside_blank(before: str, text: str) -> bool:
    """Whether the last character was blanked by a string or comment that is still open."""
    if not before:
        return False
    blanks = [found for found in _BLANK.finditer(before) if found.end() == len(before)]
    if not blanks:
        return False
    found = blanks[-1].group()
    if found.startswith("//"):
        return True
    if found.startswith("/*"):
        return not found.endswith("*/") or len(found) < 4
    return len(found) < 2 or found[-1] not in "\"'#" or found in ('"', "'")


def _use_place(tail: str) -> tuple[list[str], str]:
    stack: list[list[str]] = [[]]
    current: list[str] = []
    last = ""
    for token in _USE_TOKEN.findall(tail):
        if token == "{":
            stack.append(list(current))
        elif token == ",":
            current = list(stack[-1])
        elif token == "}":
            if len(stack) > 1:
                stack.pop()
        elif token != "::":
            current.append(token)
        last = token
    if last and last not in ("::", "{", ",", "}"):
        return current[:-1], current[-1]
    return current, ""


def _call(before: str, text: str, opening: int, argument: int) -> Call | None:
    end = _skip_space(text, opening)
    macro = end > 0 and text[end - 1] == "!"
    if macro:
        end -= 1
    if end > 0 and text[end - 1] == ">":
        generic = _matching(text, end - 1)
        if generic is None or not text[:generic].endswith("::"):
            return None
        end = generic - 2
    start = receiver_start(text, end)
    callee = before[start:end].strip()
    if not re.match(r"[A-Za-z_]", callee) or callee in ("if", "while", "match", "return", "fn"):
        return None
    declared = re.search(r"\bfn\s+$", text[:start])
    return None if declared else Call(callee, argument, macro)


def _matching(text: str, closing: int) -> int | None:
    close = text[closing]
    opening = _CLOSING[close]
    depth = 0
    for at in range(closing, -1, -1):
        if text[at] == close and not (close == ">" and text[at - 1 : at] in ("-", "=")):
            depth += 1
        elif text[at] == opening:
            depth -= 1
            if depth == 0:
                return at
    return None


def _skip_space(text: str, end: int) -> int:
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return end
