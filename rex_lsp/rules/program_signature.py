# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`program_signature`: what a program attribute stands on must fit the kind of program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.model.answers import Answer, External, Item, Unknown
from rex_lsp.model.program import TRACEPOINTS, Program, function_argument, tracepoint_of
from rex_lsp.model.signature import Parameter, Signature
from rex_lsp.model.uses import Segments
from rex_lsp.rules.context import FileContext, ItemContext
from rex_lsp.rules.finding import Applicability, Edit, Finding, Fix, Offer, Related, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span

_REWRITE = Offer("rewrite the signature for `{program}`", Applicability.UNSAFE)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a kind of program takes: the paths of the two types, and how they are written."""

    object_path: Segments
    context_path: Segments
    reference: str
    name: str = "ctx"
    generic: str = ""
    lifetime: str = ""

    @property
    def object_type(self) -> str:
        """The type of the first parameter."""
        return f"&{'::'.join(self.object_path)}{self.generic}"

    @property
    def context_type(self) -> str:
        """The type of the second parameter."""
        space = " " if self.reference != "&" or self.lifetime else ""
        return f"{self.reference}{self.lifetime}{space}{'::'.join(self.context_path)}"


_PROBE = _Shape(("rex", "kprobe", "kprobe"), ("rex", "pt_regs", "PtRegs"), "&mut")
_RETURN_PROBE = _Shape(("rex", "kprobe", "kretprobe"), ("rex", "pt_regs", "PtRegs"), "&mut")
_SHAPES = {
    "kprobe": _PROBE,
    "kretprobe": _RETURN_PROBE,
    "uprobe": _PROBE,
    "uretprobe": _RETURN_PROBE,
    "perf_event": _Shape(
        ("rex", "perf_event", "perf_event"), ("rex", "perf_event", "bpf_perf_event_data"), "&"
    ),
    "xdp": _Shape(("rex", "xdp", "xdp"), ("rex", "xdp", "xdp_md"), "&mut"),
    "tc": _Shape(
        ("rex", "sched_cls", "sched_cls"), ("rex", "sched_cls", "__sk_buff"), "&mut", "skb"
    ),
    "tracepoint": _Shape(
        ("rex", "tracepoint", "tracepoint"),
        ("rex", "tracepoint", "{context}"),
        "&",
        generic="<rex::tracepoint::{context}>",
        lifetime="'static",
    ),
}
_WITH_FUNCTION = frozenset({"kprobe", "kretprobe", "uprobe", "uretprobe"})


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    program = context.program
    if program is None:
        return
    written = f"#[{program.attribute.path}]"
    if program.on != "fn":
        message = f"`{written}` makes a program of a function; this is none"
        yield _finding(message, program.attribute.span)
        return
    yield from _arguments(program)
    signature = program.signature
    if signature is None or signature.broken:
        return
    shape = _SHAPES[program.kind]
    problems = list(_problems(context, program, signature, shape))
    if not problems:
        return
    message, span = problems[0]
    wanted = f"fn(obj: {shape.object_type}, {shape.name}: {shape.context_type})"
    text = f"{message}; `{written}` takes `{wanted} -> rex::Result`".replace("{context}", "Context")
    yield _finding(text, span, _fixes(written, signature, shape, problems))


def _problems(
    context: ItemContext, program: Program, signature: Signature, shape: _Shape
) -> Iterator[tuple[str, Span]]:
    """What is wrong, each with its place: the name, the signature, or a part of it."""
    if any(word in signature.modifiers.split() for word in ("async", "const", "unsafe", "extern")):
        yield f"a program cannot be `{signature.modifiers}`", program.name_span
    if signature.generic:
        yield "a program cannot be generic", program.name_span
    if len(signature.parameters) == 2:
        first, second = signature.parameters
        object_type = _resolve(context, first.segments)
        wrong = first.reference != "&" or _differs(object_type, shape.object_path)
        if wrong and not _unknown(first, object_type):
            yield (
                f"expected `{shape.object_type}` as the first parameter, "
                f"found `{first.text or first.pattern}`",
                first.span,
            )
        wrong_context = _wrong_context(context, program, second)
        if wrong_context is not None:
            yield wrong_context
    else:
        count = len(signature.parameters)
        yield f"expected two parameters, found {count}", signature.span
    wrong_result = _wrong_result(context, signature)
    if wrong_result is not None:
        yield wrong_result


def _fixes(
    written: str, signature: Signature, shape: _Shape, problems: list[tuple[str, Span]]
) -> tuple[Fix, ...]:
    """One fix that rewrites what is wrong and keeps what is right, names above all."""
    if signature.modifiers:
        return ()
    places = {span for _, span in problems}
    texts = (shape.object_type, shape.context_type)
    names = ("obj", shape.name)
    parts: list[str] = []
    for index in range(2):
        given = signature.parameters[index] if index < len(signature.parameters) else None
        name = given.pattern if given is not None and given.text else names[index]
        if given is not None and len(signature.parameters) == 2 and given.span not in places:
            parts.append(f"{name}: {given.text}")
        else:
            parts.append(f"{name}: {texts[index]}")
    kept = signature.span not in places and signature.returns_text
    result = signature.returns_text if kept else "rex::Result"
    text = f"({parts[0]}, {parts[1]}) -> {result}".replace("{context}", _context_name(signature))
    return (_REWRITE.fix(Edit(signature.span, text), program=written),)


def _wrong_context(
    context: ItemContext, program: Program, parameter: Parameter
) -> tuple[str, Span] | None:
    shape = _SHAPES[program.kind]
    found = _resolve(context, parameter.segments)
    shown = f"found `{parameter.text or parameter.pattern}`"
    if program.kind != "tracepoint":
        if _unknown(parameter, found):
            return None
        if parameter.reference == shape.reference and not _differs(found, shape.context_path):
            return None
        return f"expected `{shape.context_type}` as the context, {shown}", parameter.span
    if _unknown(parameter, found) or (parameter.reference == "&" and tracepoint_of(found)):
        return None
    name = found.path[-1] if isinstance(found, External) else ""
    of_rex = isinstance(found, External) and found.path[0] == "rex"
    if of_rex and name.endswith("Ctx") and parameter.reference == "&":
        return None
    wanted = "a context of `rex::tracepoint` or `rex::tracepoint_context!`"
    return f"expected `&'static` of {wanted}, {shown}", parameter.span


def _wrong_result(context: ItemContext, signature: Signature) -> tuple[str, Span] | None:
    shown = signature.returns_text or "nothing"
    problem = f"expected `rex::Result` as the return type, found `{shown}`", signature.span
    if not signature.returns_text:
        return problem
    if signature.returns is None:
        return problem
    found = _resolve(context, signature.returns)
    if isinstance(found, Unknown):
        return None
    if isinstance(found, External):
        if found.path[0] == "rex" and found.path[-1] == "Result" and not signature.result:
            return None
        if found.canonical == ("core", "result", "Result"):
            same = len(signature.result) == 2 and signature.result[0] == signature.result[1]
            return None if same else problem
        return problem
    if isinstance(found, Item) and found.kind in ("type", "use"):
        return None
    return problem


def _resolve(context: ItemContext, segments: Segments) -> Answer:
    if not segments:
        return Unknown(absent=True)
    return context.resolve(segments, "t", 0)


def _unknown(parameter: Parameter, answer: Answer) -> bool:
    return bool(parameter.segments) and isinstance(answer, Unknown)


def _differs(answer: Answer, wanted: Segments) -> bool:
    if not isinstance(answer, External) or answer.path[0] != "rex":
        return True
    return answer.path[-1] != wanted[-1]


def _context_name(signature: Signature) -> str:
    for parameter in reversed(signature.parameters):
        for segments in (parameter.segments, *parameter.arguments):
            if segments and segments[-1] in TRACEPOINTS:
                return segments[-1]
    return "SyscallsEnterDupCtx"


def _arguments(program: Program) -> Iterator[Finding]:
    attribute = program.attribute
    if not attribute.arguments or attribute.arguments.replace(" ", "") == "()":
        return
    if program.kind not in _WITH_FUNCTION:
        message = f"`#[{attribute.path}]` takes no arguments, found `{attribute.arguments}`"
        yield _finding(message, attribute.span)
    elif function_argument(attribute) is None:
        message = (
            f'expected `function = "name"` as the argument of `#[{attribute.path}]`, found '
            f"`{attribute.arguments}`"
        )
        yield _finding(message, attribute.span)


def check_file(context: FileContext) -> Iterator[Finding]:
    """A program's name is its symbol, so it is one of its kind in the whole crate."""
    first: dict[str, tuple[Program, int, Path]] = {}
    for path in context.other_files():
        for program, base in context.programs(path):
            if program.on != "fn" or not program.name:
                continue
            known, known_base, known_path = first.setdefault(program.name, (program, base, path))
            if (known is program and known_base == base) or path != context.path:
                continue
            there = Related(
                known_path, known.name_span.shifted(known_base), "the first one is here"
            )
            yield Finding(
                RULE.code,
                RULE.severity,
                f"two programs are called `{program.name}`: the name is the program's symbol",
                program.name_span.shifted(base),
                related=(there,),
                item=program.item,
            )


def _finding(message: str, span: Span, fixes: tuple[Fix, ...] = ()) -> Finding:
    return Finding(RULE.code, RULE.severity, message, span, fixes=fixes)


RULE = Rule(
    name="program_signature",
    title="a program attribute on the wrong item, with a wrong signature, arguments or name",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING,),
    offers=(_REWRITE,),
    programs_only=True,
    check_item=check,
    check_file=check_file,
)
