# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The measurements measure what they say. No time is asserted here."""

from __future__ import annotations

from rex_lsp.syntax.changes import Change
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.positions import Encoding, Position, Range

from .rows import judged, longest, rendered
from .session import Sample, Turn, at_percent, middle, trace
from .source import extension
from .typist import TRACE, session
from .typist import rendered as typed


def test_the_trace_is_what_the_typist_types() -> None:
    assert TRACE.read_text("utf-8") == typed(session())


def test_the_trace_ends_in_a_whole_program_and_is_broken_on_the_way() -> None:
    text = extension(500)
    document, line, broken = Document(text), middle(text), 0
    for first, character, last, end, new in trace():
        place = Range(Position(line + first, character), Position(line + last, end))
        document.apply([Change(place, new)], Encoding.UTF16)
        broken += any(chunk.broken for chunk in document.chunks)
    lines = text.split("\n")
    assert document.text.split("\n")[line : line + 2] == ["", session().lines[1]]
    assert document.text.startswith("\n".join(lines[:line]))
    assert not any(chunk.broken for chunk in document.chunks)
    assert broken > len(trace()) // 3


def test_an_extension_has_the_length_asked_for_and_mistakes_only_if_wanted() -> None:
    for lines in (500, 5_000):
        assert lines <= extension(lines).count("\n") < lines + 100
    assert "mem::forget" in extension(500)
    assert "mem::forget" not in extension(500, mistakes=False)


def test_a_verdict_is_that_of_the_wait_unless_other_work_made_it_longer() -> None:
    samples = [Sample(90.0, 4.0)] * 99 + [Sample(90.0, 40.0)]
    assert judged("x", samples, {50.0: 5.0}, quiet=False).holds
    assert not judged("x", samples, {50.0: 5.0}, quiet=True).holds
    assert not judged("x", samples, {50.0: 5.0, 99.0: 16.0}, quiet=False).holds
    assert judged("x", samples, {}, quiet=False).holds is None
    assert longest("x", [Turn(80.0, 40.0, "f")], 50, quiet=False).holds
    assert not longest("x", [Turn(80.0, 40.0, "f")], 50, quiet=True).holds
    assert not longest("x", [Turn(80.0, 60.0, "f")], 50, quiet=False).holds
    assert at_percent([3.0, 1.0, 2.0], 50) == 2.0
    assert "| x | p50 90.0 | p50 4.0 | p50 under 5 ms | yes |" in rendered(
        [judged("x", samples, {50.0: 5.0}, quiet=False)], "this", [], quiet=False
    )
