# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`unknown_attach_target`: what no target has; what only some lack is found by attaching."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from rex_lsp.model.answers import External
from rex_lsp.model.attach_targets import system_calls, tracepoints
from rex_lsp.model.declarations import CONTEXT
from rex_lsp.model.macros.expansion import call_of
from rex_lsp.model.program import Program, function_argument
from rex_lsp.model.uses import path_segments
from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Offer, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span

_REPLACE = Offer("attach to `{name}`", Applicability.UNSAFE, preferred=False)
_SYSTEM_CALL = re.compile(r"(?:k(?:ret)?probe/)?(__x64_sys_|__do_sys_|__se_sys_|ksyscall/)(\w+)")
_OTHER_TABLE = re.compile(r"(?:old|compat|ia32|s390|spu|vm86|pci)\w*|\w*(?:16|32|64)")
_OTHER_CALLS = frozenset(
    "fstat gethostname ipc llseek lstat ni_syscall nice pread pwrite readdir recv rtas send "
    "sendfile sgetmask sigaction signal sigpending sigprocmask sigreturn sigsuspend socketcall "
    "ssetmask stat stime sync_file_range2 uname uselib waitpid".split()
)
"""System calls of other tables than x86-64's that a kernel may have functions for."""

_NOT_OF_SYMBOLS = re.compile(r"[^\w.$+/]", re.ASCII)


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    if context.node.type in ("macro_invocation", "expression_statement"):
        yield from _contexts(context)
        return
    program = context.program
    if program is None or program.on != "fn":
        return
    target = function_argument(program.attribute)
    if target is None or "\\" in target:
        return
    written = context.source(program.attribute.span)
    at = written.rfind(f'"{target}"')
    if at < 0:
        return
    start = program.attribute.span.start + len(written[: at + 1].encode())
    place = Span(start, start + len(target.encode()))
    if program.kind in ("kprobe", "kretprobe"):
        yield from _function(target, program, place)
    elif program.kind in ("uprobe", "uretprobe"):
        yield from _user(target, program, place)


def _function(target: str, program: Program, place: Span) -> Iterator[Finding]:
    if not target or _NOT_OF_SYMBOLS.search(target):
        message = f"no kernel has a function `{target}`: expected the name of one of its functions"
        yield _finding(message, place, program.attribute.span)
        return
    found = _SYSTEM_CALL.fullmatch(target)
    if found is None or found[2] in system_calls() or found[2] in _OTHER_CALLS:
        return
    near = _near(found[2], system_calls())
    if near and not _OTHER_TABLE.fullmatch(found[2]):
        names = [f"{target[: found.start(2)]}{name}" for name in near]
        message = f"there is no {program.kind} target `{target}`: no system call has this name"
        yield _finding(message, place, program.attribute.span, names)


def _user(target: str, program: Program, place: Span) -> Iterator[Finding]:
    plain = target.removeprefix("uprobe/").removeprefix("uretprobe/")
    binary, _, symbol = plain.rpartition(":")
    if binary and symbol and (plain.startswith("/") or "/" not in binary):
        return
    message = (
        f"there is no {program.kind} target `{target}`: expected `binary:symbol`, as "
        "`libc.so.6:malloc` or `/usr/bin/perl:main`"
    )
    yield _finding(message, place, program.attribute.span)


def _contexts(context: ItemContext) -> Iterator[Finding]:
    """The tracepoints of `rex::tracepoint_context!`, which are those of the snapshot."""
    call = call_of(context.node)
    name = call.child_by_field_name("macro") if call is not None else None
    if name is None or b"tracepoint_context" not in context.text:
        return
    answer = context.resolve(path_segments(name, context.data) or ("",), "m", 0)
    if not isinstance(answer, External) or answer.path != ("rex", "tracepoint_context"):
        return
    for found in CONTEXT.finditer(context.text):
        if found[1] is None:
            continue
        event = found[2].decode("utf-8", "replace")
        if event not in tracepoints():
            place = Span(*found.span(2))
            message = f"there is no tracepoint `{event}`"
            yield _finding(message, place, place, _near_tracepoints(event))


@lru_cache(maxsize=256)
def _near_tracepoints(event: str) -> list[str]:
    """Tracepoints of the same category that are like it, else of the same name in another."""
    category, _, name = event.partition("/")
    names = [one for one in tracepoints() if one.partition("/")[0] == category]
    shared = "".join(re.findall(r"^sys_(?:enter|exit)_", name))
    head = f"{category}/{shared}"
    stems = [one.removeprefix(head) for one in names if one.startswith(head)]
    near = [head + stem for stem in _near(name.removeprefix(shared), stems)]
    return near or sorted(one for one in tracepoints() if one.partition("/")[2] == name)[:3]


def _near(name: str, names: Collection[str]) -> list[str]:
    return difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.75)


def _finding(message: str, place: Span, whole: Span, near: Collection[str] = ()) -> Finding:
    """The finding at `whole`, where attaching tells its own; fixes replace the name at `place`."""
    if near:
        message += "; did you mean " + " or ".join(f"`{name}`" for name in near)
    fixes = tuple(_REPLACE.fix(Edit(place, name), name=name) for name in near)
    return Finding(RULE.code, RULE.severity, message, whole, fixes=fixes)


RULE = Rule(
    name="unknown_attach_target",
    title="a function, tracepoint or interface that the chosen target does not have",
    severity=Severity.WARNING,
    tiers=(Tier.TYPING, Tier.RUN),
    suppressible=True,
    programs_only=True,
    offers=(_REPLACE,),
    check_item=check,
)
