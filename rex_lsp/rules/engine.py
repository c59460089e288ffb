# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs the rules of the typing tier, again only where something changed.

A verdict is kept for each item, together with the questions it asked the resolver. An
edit makes new verdicts for items whose text is new, and for those that asked a question
whose answer is a different one now.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from weakref import WeakKeyDictionary, ref

from rex_lsp.model.answers import Answer
from rex_lsp.model.crate import Crate
from rex_lsp.model.macros.expansion import Expansion, call_of
from rex_lsp.model.modules import Expanded, ModuleId, condition_holds
from rex_lsp.model.names import Question
from rex_lsp.model.reading.reader import Reader
from rex_lsp.model.uses import unraw
from rex_lsp.rules import recursion, suppression
from rex_lsp.rules.calls import Function, Graph, Key, function_of, graph_of, on_cycles
from rex_lsp.rules.context import FileContext, ItemContext
from rex_lsp.rules.finding import Edit, Finding, Fix, Severity
from rex_lsp.rules.registry import RULES
from rex_lsp.rules.rule import Rule
from rex_lsp.rules.suppression import Allowance, allowances
from rex_lsp.syntax.chunk import Chunk
from rex_lsp.syntax.document import Document
from rex_lsp.syntax.items import Raw, body_of, raw_items, read_attribute
from rex_lsp.syntax.positions import Span
from rex_lsp.syntax.tree import Node, parse, text_of

Overrides = Mapping[str, "Severity | None"]
"""Severities by full code from the settings, None for off; safety rules ignore them."""


def check(crate: Crate, path: Path, overrides: Overrides | None = None) -> list[Finding]:
    """The typing tier's findings of a file of the crate, in the order of their places."""
    return engine_of(crate).check(path, overrides)


def advance(crate: Crate, path: Path, budget_ms: float, around: int = 0) -> bool:
    """Do a part of what `check` would do, the items nearest to the byte `around` first.

    Answers whether `check` has nothing left to look at.
    """
    return engine_of(crate).advance(path, budget_ms, around)


def known(crate: Crate, path: Path, overrides: Overrides | None = None) -> list[Finding]:
    """What `advance` has found so far; what rules say of the file as a whole comes at the end."""
    return engine_of(crate).known(path, overrides)


def inactive(crate: Crate, path: Path) -> list[Span]:
    """The stretches of a file that cfg takes out: they are shown as unnecessary."""
    return engine_of(crate).inactive(path)


def engine_of(crate: Crate) -> Engine:
    """The engine that keeps a crate's verdicts."""
    engine = _ENGINES.get(crate)
    if engine is None:
        engine = _ENGINES[crate] = Engine(crate)
    return engine


_Key = tuple[bytes, ModuleId, str, frozenset[str], str]
"""What a verdict is of: the item's text, module, path, the rules allowed around it, its kind."""


@dataclass(slots=True, eq=False)
class _Verdict:
    """What the rules said of one item; spans count from the start of its region."""

    key: _Key
    findings: tuple[Finding, ...]
    questions: frozenset[Question]
    inactive: tuple[Span, ...]
    stale: bool = False
    function: Function | None = None


@dataclass(slots=True, eq=False)
class _Look:
    """What the rules said of one chunk: its items' verdicts, each with the item's offset.

    `inactive` are the stretches of the chunk that cfg takes out.
    """

    placed: list[tuple[int, _Verdict]]
    inactive: list[Span] = field(default_factory=list)
    stale: bool = False
    base: int = -1
    speaking: list[tuple[int, _Verdict]] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    _edges: tuple[tuple[Key, tuple[Key, ...]], ...] | None = None

    @property
    def edges(self) -> tuple[tuple[Key, tuple[Key, ...]], ...]:
        """The functions of the chunk, each with those it certainly calls."""
        if self._edges is None:
            found = (verdict.function for _, verdict in self.placed)
            self._edges = tuple(one.edges for one in found if one is not None)
        return self._edges

    def at(self, base: int) -> tuple[Finding, ...]:
        """The findings for a chunk that begins at `base`."""
        if base != self.base:
            if self.base < 0:
                # Most items have nothing to say, and every edit moves all chunks after it.
                self.speaking = [(at, one) for at, one in self.placed if one.findings]
            self.base = base
            self.findings = tuple(
                [
                    shifted(one, base + at)
                    for at, verdict in self.speaking
                    for one in verdict.findings
                ]
            )
        return self.findings


class Engine:
    """The verdicts of one crate."""

    def __init__(self, crate: Crate, rules: Mapping[str, Rule] = RULES) -> None:
        # The table of engines would keep the crate alive otherwise.
        self._of = ref(crate)
        self._rules = rules
        self._files: dict[Path, dict[Chunk, _Look]] = {}
        self._checks: list[tuple[Rule, Callable[[ItemContext], Iterator[Finding]]]] | None = None
        self._graphs: dict[Path, tuple[list[tuple[tuple[Key, tuple[Key, ...]], ...]], Graph]] = {}
        self._doubted: dict[Question, Answer] = {}
        self._changed: set[Question] = set()
        self.checked = 0
        """How many items were looked at since the start: what an edit cost."""

    @property
    def _crate(self) -> Crate:
        crate = self._of()
        assert crate is not None, "an engine is asked by way of its crate"
        return crate

    def check(self, path: Path, overrides: Overrides | None = None) -> list[Finding]:
        """See the function of this module."""
        self.advance(path)
        return self.known(path, overrides)

    def known(self, path: Path, overrides: Overrides | None = None) -> list[Finding]:
        """The findings of the chunks that were looked at; if all were, of the file as a whole."""
        document = self._crate.document(path)
        module = self._crate.module_of(path)
        if document is None or module is None or not self._module_active(module):
            return []
        found: list[Finding] = []
        file = self._files.get(path, {})
        complete = True
        for chunk, base in zip(document.chunks, document.bases, strict=True):
            look = file.get(chunk)
            if look is not None:
                found.extend(look.at(base))
            else:
                complete = False
        context = FileContext(self._crate, path, document)
        dark = self._dark(path)
        for rule in self._wanted() if complete else ():
            if rule.check_file is not None:
                found.extend(one for one in rule.check_file(context) if not _inside(one.span, dark))
        if complete:
            found.extend(self._cycles(path, document))
        if overrides:
            found = [one for one in map(_overridden(overrides), found) if one is not None]
        found.sort(key=lambda one: (one.span.start, one.span.end, one.code))
        return found

    def _cycles(self, path: Path, document: Document) -> Iterator[Finding]:
        """Calls in a file that lead back to where they stand."""
        looks = [self._files[path][chunk] for chunk in document.chunks]
        edges = [look.edges for look in looks]
        known = self._graphs.get(path)
        if known is None or known[0] != edges:
            graph = on_cycles(graph_of(one for part in edges for one in part))
            known = self._graphs[path] = edges, graph
        if not known[1]:
            return
        functions = [
            (base + start, verdict.function, verdict.key[2])
            for look, base in zip(looks, document.bases, strict=True)
            if any(key in known[1] for key, _ in look.edges)
            for start, verdict in look.placed
            if verdict.function is not None
        ]
        items = {base: item for base, _, item in functions}
        rows = [(base, function) for base, function, _ in functions]
        for base, finding in recursion.cycles(path, rows, known[1]):
            yield replace(shifted(finding, base), item=items[base])

    def inactive(self, path: Path) -> list[Span]:
        """See the function of this module."""
        self.advance(path)
        return self._dark(path)

    def _dark(self, path: Path) -> list[Span]:
        document = self._crate.document(path)
        if document is None:
            return []
        file = self._files.get(path, {})
        return [
            span.shifted(base)
            for chunk, base in zip(document.chunks, document.bases, strict=True)
            if (look := file.get(chunk)) is not None
            for span in look.inactive
        ]

    def _wanted(self) -> Iterator[Rule]:
        programs = self._crate.config.program_rules
        return (rule for rule in self._rules.values() if programs or not rule.programs_only)

    def _item_checks(self) -> list[tuple[Rule, Callable[[ItemContext], Iterator[Finding]]]]:
        if self._checks is None:
            checks = ((rule, rule.check_item) for rule in self._wanted())
            self._checks = [(rule, one) for rule, one in checks if one is not None]
        return self._checks

    # Keeping verdicts up to date.

    def advance(self, path: Path, budget_ms: float | None = None, around: int = 0) -> bool:
        """Look at what is new for about `budget_ms`, nearest to the byte `around` first.

        Answers whether everything of the file has been looked at.
        """
        deadline = None if budget_ms is None else time.perf_counter() + budget_ms / 1000
        self._crate.sync(path)
        if not self._spread(deadline):
            return False
        document = self._crate.document(path)
        module = self._crate.module_of(path)
        if document is None or module is None:
            self._files.pop(path, None)
            return True
        current = self._files.setdefault(path, {})
        waiting = [
            index
            for index, chunk in enumerate(document.chunks)
            if (look := current.get(chunk)) is None or look.stale
        ]
        if not waiting:
            return True
        kept = set(document.chunks)
        known: dict[object, list[_Verdict]] = {}
        for chunk, look in current.items():
            if look.stale or chunk not in kept:
                for _, verdict in look.placed:
                    if not verdict.stale:
                        known.setdefault(verdict.key, []).append(verdict)
        near = bisect_right(document.bases, around) - 1
        waiting.sort(key=lambda index: abs(index - near))
        for index in waiting:
            if deadline is not None and time.perf_counter() >= deadline:
                return False
            chunk = document.chunks[index]
            current[chunk] = self._read(chunk, path, module, known)
            self._crate.read_programs(path, chunk)
        for chunk in [chunk for chunk in current if chunk not in kept]:
            del current[chunk]
        return True

    def _spread(self, deadline: float | None) -> bool:
        """Mark the verdicts that rest on an answer that is a different one now; whether done.

        No verdict is made until all is marked, so the earliest answer is what they rest on.
        """
        for question, old in self._crate.changes().items():
            self._doubted.setdefault(question, old)
        names, changed = self._crate.names, self._changed
        while self._doubted:
            for _ in range(min(_QUESTIONS_AT_ONCE, len(self._doubted))):
                question, old = self._doubted.popitem()
                if names.ask(*question) != old:
                    changed.add(question)
            if deadline is not None and time.perf_counter() >= deadline:
                return False
        if not changed:
            return True
        self._changed = set()
        for file in self._files.values():
            for look in file.values():
                for _, verdict in look.placed:
                    if not verdict.questions.isdisjoint(changed):
                        verdict.stale = look.stale = True
        return True

    def _module_active(self, id_: ModuleId) -> bool:
        module = self._crate.module(id_)
        return module is None or module.active

    def _read(
        self, chunk: Chunk, path: Path, module: ModuleId, known: dict[object, list[_Verdict]]
    ) -> _Look:
        look = _Look([])
        name = "::".join(module)
        self._items(chunk.raws, chunk.data, path, module, name, frozenset(), known, look)
        return look

    def _items(
        self,
        raws: Iterable[Raw],
        data: bytes,
        path: Path,
        module: ModuleId,
        item: str,
        allowed: frozenset[str],
        known: dict[object, list[_Verdict]],
        look: _Look,
    ) -> None:
        for raw in raws:
            node = raw.node
            body = body_of(node) if node.type in _CONTAINERS else None
            headed = body is not None and node.type != "foreign_mod_item"
            end = body.start_byte if body is not None and headed else node.end_byte
            if (
                node.type == "impl_item"
                and data.find(b"for", raw.start, end) >= 0
                and _TYPE_OR_MACRO.search(data, end, node.end_byte)
            ):
                # What an implementation says of associated types is part of what it is.
                end = node.end_byte
            name = _name(node, data)
            own = "::".join(part for part in (item, name) if part)
            key = (data[raw.start : end], module, own, allowed, node.type)
            # What the tree makes of a broken item depends on what is around it.
            broken = node.has_error or any(one.has_error for one in raw.attributes)
            reusable = None if broken else known.get(key)
            verdict = reusable.pop() if reusable else self._verdict(raw, data, path, key)
            look.placed.append((raw.start, verdict))
            if body is None:
                look.inactive += [span.shifted(raw.start) for span in verdict.inactive]
                continue
            if self._is_dark(raw, body, data):
                look.inactive.append(Span(raw.start, node.end_byte))
                continue
            inner = (*module, unraw(name)) if node.type == "mod_item" else module
            more = allowed
            for allowance in allowances(raw, data):
                if allowance.span.start == 0:
                    more = more | allowance.names
            self._items(raw_items(body), data, path, inner, own, more, known, look)

    def _is_dark(self, raw: Raw, body: Node, data: bytes) -> bool:
        inner = [child for child in body.children if child.type == "inner_attribute_item"]
        return self._is_off((*raw.attributes, *inner), data)

    def _is_off(self, attributes: Iterable[Node], data: bytes) -> bool:
        """Whether one of the attributes takes out what it stands on."""
        features = self._crate.config.features
        for node in attributes:
            attribute = read_attribute(node, data)
            if attribute.path == "cfg" and not condition_holds(attribute.arguments, features):
                return True
        return False

    def _verdict(self, raw: Raw, data: bytes, path: Path, key: _Key) -> _Verdict:
        """What the rules say of an item: of a call of the crate's own macro, of what it becomes."""
        call = call_of(raw.node) if raw.node.type in _CALLS else None
        if call is None or self._is_off(raw.attributes, data):
            return self._judge(raw, data, path, key)
        asked: set[Question] = set()
        module = key[1]
        text = data[call.start_byte : call.end_byte]
        became = self._crate.names.expansion(module, text, asked)
        if became is None:
            verdict = self._judge(raw, data, path, key)
            return replace(verdict, questions=verdict.questions | asked)
        self.checked += 1
        look = _Look([])
        expansion = became.expansion
        inner = "::".join(module)
        raws = expansion.raws()
        self._items(raws, expansion.text, path, module, inner, key[3], {}, look)
        found = list(look.at(0))
        for _, one in look.placed:
            asked |= one.questions
        said = self._said_of(became, path, asked) if found else frozenset()
        by = call.start_byte - raw.start
        placed = {
            (one.code, one.message, one.span): one
            for finding in found
            if not _inside(finding.span, look.inactive)
            for one in _in_call(finding, expansion, text, by, said)
        }
        permitted = allowances(raw, data)
        used: set[tuple[Span, str]] = set()
        kept = [one for one in placed.values() if not self._allowed(one, key[3], permitted, used)]
        kept += self._problems(raw, data, used, container=False)
        return _Verdict(key, tuple(kept), frozenset(asked), ())

    def _allowed(
        self,
        finding: Finding,
        around: Collection[str],
        permitted: Iterable[Allowance],
        used: set[tuple[Span, str]],
    ) -> bool:
        """Whether a comment allows a finding; `around` are the names allowed on all of it."""
        rule = self._rules.get(finding.code)
        if rule is None or not rule.suppressible:
            return False
        return _is_allowed(rule.name, finding.span, permitted, used) or rule.name in around

    def _problems(
        self, raw: Raw, data: bytes, used: Collection[tuple[Span, str]], *, container: bool
    ) -> Iterator[Finding]:
        """What is wrong with an item's allow comments."""
        if suppression.RULE.code in self._rules:
            yield from suppression.problems(raw, data, used, RULES, container=container)

    def _said_of(self, became: Expanded, path: Path, asked: set[Question]) -> frozenset[str]:
        """The codes of what is said at the macro's definition, and not again at each call."""
        source = became.macro.source
        raws = list(raw_items(parse(source).root_node))
        if len(raws) != 1:
            return frozenset()
        verdict = self._judge(raws[0], source, path, (source, became.home, "", frozenset(), ""))
        self.checked -= 1
        asked |= verdict.questions
        return frozenset(finding.code for finding in verdict.findings)

    def _judge(self, raw: Raw, data: bytes, path: Path, key: _Key) -> _Verdict:
        self.checked += 1
        _, module, item, allowed, _ = key
        facts = Reader(data, raw.start).item(raw)
        features = self._crate.config.features
        dark = tuple(
            one.span
            for one in facts.inactive
            if not condition_holds(f"({one.predicate})", features)
        )
        context = ItemContext(self._crate, module, item, raw, data, facts)
        permitted = allowances(raw, data)
        found: dict[tuple[str, Span], Finding] = {}
        used: set[tuple[Span, str]] = set()
        for _, check_item in self._item_checks():
            for finding in check_item(context):
                if _inside(finding.span, dark):
                    continue
                if self._allowed(finding, allowed, permitted, used):
                    continue
                found.setdefault((finding.code, finding.span), replace(finding, item=item))
        for one in self._problems(raw, data, used, container=raw.node.type in _CONTAINERS):
            if not _inside(one.span, dark):
                found.setdefault((one.message, one.span), replace(one, item=item))
        function = self._function(context, dark, allowed, permitted, used)
        questions = frozenset(context.questions)
        return _Verdict(key, tuple(found.values()), questions, dark, function=function)

    def _function(
        self,
        context: ItemContext,
        dark: Iterable[Span],
        allowed: Collection[str],
        permitted: Iterable[Allowance],
        used: set[tuple[Span, str]],
    ) -> Function | None:
        """The function that an item is, without the calls that cfg or a comment takes out."""
        name = recursion.RULE.name
        if recursion.RULE.code not in self._rules or name in allowed:
            return None
        function = function_of(context)
        if function is None or _inside(Span(len(context.text) - 1, len(context.text)), dark):
            return None
        calls = [
            (key, span)
            for key, span in function.calls
            if not _inside(span, dark) and not _is_allowed(name, span, permitted, used)
        ]
        return replace(function, calls=tuple(calls))


_ENGINES: WeakKeyDictionary[Crate, Engine] = WeakKeyDictionary()
_CALLS = frozenset({"macro_invocation", "expression_statement"})
_CONTAINERS = frozenset({"mod_item", "impl_item", "trait_item", "foreign_mod_item"})
_QUESTIONS_AT_ONCE = 32
_TYPE_OR_MACRO = re.compile(rb"\btype\b|!\s*[({\[]")


def shifted(finding: Finding, by: int) -> Finding:
    """The same finding `by` bytes further on, its own file's fixes too."""
    if by == 0:
        return finding
    span = finding.span
    return Finding(
        finding.code,
        finding.severity,
        finding.message,
        Span(span.start + by, span.end + by),
        finding.source,
        tuple([_moved(fix, by) for fix in finding.fixes]) if finding.fixes else (),
        finding.related,
        finding.item,
        finding.unnecessary,
        finding.estimate,
    )


def _in_call(
    finding: Finding, expansion: Expansion, call: bytes, by: int, said: Collection[str]
) -> Iterator[Finding]:
    """What is found in an expansion, at its place in the call; fixes only of what stands there.

    `call` is the call's text, `by` where it begins, `said` the codes that the macro's
    definition is told.
    """
    place = expansion.place(finding.span)
    if place is None and finding.code in said:
        return
    fixes: list[Fix] = []
    for fix in finding.fixes:
        edits = [(edit, expansion.place(edit.span)) for edit in fix.edits if edit.path is None]
        made = tuple(
            Edit(where.shifted(by), edit.text)
            for edit, where in edits
            if where is not None and expansion.is_same(edit.span, call[where.start : where.end])
        )
        if made and len(made) == len(fix.edits):
            fixes.append(replace(fix, edits=made))
    where = (place or expansion.name).shifted(by)
    yield replace(finding, span=where, fixes=tuple(fixes))


def _moved(fix: Fix, by: int) -> Fix:
    edits = [
        edit if edit.path is not None else Edit(edit.span.shifted(by), edit.text)
        for edit in fix.edits
    ]
    return replace(fix, edits=tuple(edits))


def _is_allowed(
    name: str, span: Span, permitted: Iterable[Allowance], used: set[tuple[Span, str]]
) -> bool:
    """Whether a comment allows a finding; the comments that do are noted."""
    found = False
    for one in permitted:
        if name in one.names and one.span.contains(span.start):
            used.add((one.comment, name))
            found = True
    return found


def _inside(span: Span, stretches: Iterable[Span]) -> bool:
    return any(one.start <= span.start and span.end <= one.end for one in stretches)


def _overridden(overrides: Overrides) -> Callable[[Finding], Finding | None]:
    def apply(finding: Finding) -> Finding | None:
        rule = RULES.get(finding.code)
        if rule is None or not rule.suppressible or finding.code not in overrides:
            return finding
        severity = overrides[finding.code]
        return None if severity is None else replace(finding, severity=severity)

    return apply


def _name(node: Node, data: bytes) -> str:
    named = node.child_by_field_name("type" if node.type == "impl_item" else "name")
    return text_of(named, data) if named is not None else ""
