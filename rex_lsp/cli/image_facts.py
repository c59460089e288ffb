# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex stack`, `rex panics` and `rex audit`: what the machine code of images says."""

from __future__ import annotations

import argparse

from rex_lsp.cli.image_verb import (
    Json,
    add_budget,
    add_verb,
    analyses,
    images_of,
    known,
    over_budget,
    show,
)
from rex_lsp.cli.main import FINDINGS, Subparsers
from rex_lsp.cli.table import print_table


def register(subparsers: Subparsers) -> None:
    """Adds the verbs."""
    stack = add_verb(
        subparsers,
        "stack",
        "worst-case stack of each program",
        "Worst-case stack of each program, what the number means, and the line to blame when "
        "it is not exact.",
        run_stack,
    )
    add_budget(stack, "BYTES", "exit 1 when a program uses more, or perhaps more")
    panics = add_verb(
        subparsers,
        "panics",
        "places where a panic is left",
        "Places where a panic can still start after optimisation, by line and cause.",
        run_panics,
    )
    add_budget(panics, "PLACES", "exit 1 when more places than that are left")
    add_verb(
        subparsers,
        "audit",
        "judge the machine code as every load does",
        "Judge the machine code of images as every load does; exit 1 if any is refused.",
        run_audit,
    )


def run_stack(args: argparse.Namespace) -> int:
    """Prints a row for each program; 1 when one may be over `--budget`."""
    from rex_lsp.image.words import bytes_of, first_blame

    rows: list[Json] = []
    for image, facts in analyses(args):
        for program in facts["programs"]:
            usage, panic = program["stack"], program["panic_stack"]
            blame = first_blame(usage)
            rows.append(
                {
                    "image": image,
                    "program": program["name"],
                    "bytes": usage["bytes"],
                    "certainty": usage["certainty"],
                    "checked": usage["checked"],
                    "budget": facts["limits"]["budget"],
                    "panic_bytes": panic and panic["bytes"],
                    "panic_certainty": panic and panic["certainty"],
                    "doubt": blame and blame["doubt"],
                    "line": blame and blame["line"],
                    "path": [step["function"] for step in usage["path"]],
                }
            )

    def people(form: str) -> None:
        table = [_stack_cells(row) for row in rows]
        print_table(("program", "stack", "because of", "deepest path"), table, form)

    show(args, {"version": 1, "programs": rows}, people, " B")
    return over_budget(
        [
            f"{row['image']}: {row['program']} needs {bytes_of(row)}, the budget is "
            f"{args.budget:,} B"
            for row in rows
            if args.budget is not None and not _fits(row, args.budget)
        ]
    )


def _fits(row: Json, budget: int) -> bool:
    return row["bytes"] <= budget and row["certainty"] in {"exact", "at_most"}


def _stack_cells(row: Json) -> tuple[str, ...]:
    from rex_lsp.image.words import DOUBTS, bytes_of, place_of

    place = place_of(row["line"])
    doubt = DOUBTS[row["doubt"]] + (f", {place}" if place else "") if row["doubt"] else ""
    return f"{row['image']}: {row['program']}", bytes_of(row), doubt, " > ".join(row["path"])


def run_panics(args: argparse.Namespace) -> int:
    """Prints each line and cause once; 1 when there are more than `--budget`."""
    from rex_lsp.image.words import place_of
    from rex_lsp.rules.may_panic import CAUSES, REPAIRS

    rows: list[Json] = []
    for image, facts in analyses(args):
        for index, site in enumerate(facts["panics"]):
            programs = [p["name"] for p in facts["programs"] if index in p["panics"]]
            row = {
                "image": image,
                "programs": programs,
                "cause": site["cause"],
                "function": site["function"],
                "line": site["line"],
            }
            if row not in rows:
                rows.append(row)

    def people(form: str) -> None:
        table = [
            (
                place_of(row["line"]) or f"`{row['function']}`",
                CAUSES[row["cause"]],
                REPAIRS[row["cause"]],
                ", ".join(row["programs"]),
            )
            for row in rows
        ]
        print_table(("place", "may panic", "instead", "programs"), table, form)
        if not rows:
            print("no program can panic")

    show(args, {"version": 1, "panics": rows}, people, "")
    if args.budget is None or len(rows) <= args.budget:
        return 0
    return over_budget([f"{len(rows):,} places may panic, the budget is {args.budget:,}"])


def run_audit(args: argparse.Namespace) -> int:
    """Prints what is refused; 1 if anything is."""
    from rex_lsp.image import facts as image_facts
    from rex_lsp.image.words import place_of, signature_of

    judged = [(image.name, known(image_facts.audit, image)) for image in images_of(args)]

    def people(form: str) -> None:
        table = [
            (
                name,
                place_of(finding["line"]) or finding["function"],
                f"`{finding['instruction']}`" if finding["instruction"] else "",
                finding["message"],
            )
            for name, facts in judged
            for finding in facts["findings"]
        ]
        print_table(("image", "place", "instruction", "refused because"), table, form)
        for name, facts in judged:
            if facts["verdict"] == "passed":
                print(f"{name}: nothing refused")
            if signed := signature_of(facts["signature"]):
                print(f"{name}: {signed}")

    document = {"version": 1, "images": [{"image": name, **facts} for name, facts in judged]}
    show(args, document, people, "")
    return FINDINGS if any(facts["findings"] for _, facts in judged) else 0
