# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What `rex stack`, `rex panics`, `rex audit` and a build say about machine code."""

from __future__ import annotations

import json
from pathlib import Path

from tests.build.crates import write_crate
from tests.cli.command import rex
from tests.image.programs import SOURCE, line, objdump, rexrt


def test_stack_says_what_its_numbers_mean(image: Path) -> None:
    rows = {
        r["program"]: r for r in rex("stack", image, "--format", "json").json("stack")["programs"]
    }
    plain = rows["plain"]
    assert (plain["certainty"], plain["checked"], plain["doubt"]) == ("exact", False, None)
    assert 320 < plain["bytes"] < 450
    assert plain["path"] == ["plain", "sample::room"]
    assert rows["recursive"]["certainty"] == "at_least"
    assert rows["recursive"]["doubt"] == "recursion"
    assert rows["recursive"]["line"]["line"] == line("recurses")
    assert (rows["prints"]["certainty"], rows["prints"]["checked"]) == ("at_most", True)
    assert rows["prints"]["doubt"] == "indirect_call"
    assert rows["prints"]["line"]["line"] == line("prints")
    # The panic path is counted apart: without it the program is exact.
    assert rows["panics"]["certainty"] == "exact"
    assert rows["panics"]["panic_bytes"] > rows["panics"]["bytes"]


def test_panics_are_at_their_line(image: Path) -> None:
    (site,) = rex("panics", image, "--format", "json").json("panics")["panics"]
    assert (site["cause"], site["programs"]) == ("bounds", ["panics"])
    assert (site["line"]["file"], site["line"]["line"]) == ("src/main.rs", line("bounds"))
    shown = rex("panics", image).out
    assert f"src/main.rs:{line('bounds')}" in shown and "use `get`" in shown


def test_an_audit_passes_what_was_built(crate: Path, image: Path) -> None:
    assert rexrt("audit", "audit", str(image), "--format", "json")["verdict"] == "passed"
    document = rex("audit", image, "--format", "json").json("audit-images")
    assert [(one["image"], one["verdict"]) for one in document["images"]] == [
        ("sample.rex", "passed")
    ]
    shown = rex("audit", crate)
    assert (shown.status, shown.out) == (0, "sample.rex: nothing refused\n")


def test_calls_are_those_of_objdump(image: Path) -> None:
    facts = rexrt("analysis", "inspect", str(image), "--analysis", "--format", "json")
    theirs = {
        at: text for at, text in objdump(image.with_suffix(".elf")) if text.startswith("call")
    }
    ours = {call["address"] for f in facts["functions"] for call in f["calls"] if not call["tail"]}
    # What cannot be reached is no call.
    assert ours <= set(theirs) and len(ours) > 0.9 * len(theirs)
    for function in facts["functions"]:
        for call in function["calls"]:
            if call["kind"] == "import" and not call["tail"]:
                assert f"<{call['targets'][0]}>" in theirs[call["address"]]
            if call["kind"] == "indirect" and not call["tail"]:
                assert "<__x86_indirect_thunk_r11>" in theirs[call["address"]]


def test_only_what_needs_a_check_has_one(image: Path) -> None:
    facts = rexrt("analysis", "inspect", str(image), "--analysis", "--format", "json")
    functions = {function["name"]: function for function in facts["functions"]}
    assert functions["sample::down"]["checked"]
    assert 0 < functions["sample::down"]["chain_after"] <= facts["limits"]["slack"]
    assert not functions["sample::room"]["checked"]
    assert all(f["checked"] for f in facts["functions"] if f["address_taken"])
    assert ["sample::down"] in facts["cycles"]


def test_a_program_over_its_budget_is_refused_where_it_stands(tmp_path: Path) -> None:
    chain = "\n".join(
        f"#[inline(never)]\nfn f{n}(x: u64) -> u64 {{\n    let mut room = [x as u8; 3900];\n"
        f"    let sum = f{n + 1}(x);\n    sum ^ u64::from(black_box(&mut room)[1])\n}}"
        for n in range(5)
    )
    head, _, _ = SOURCE.partition("#[inline(never)]")
    source = (
        f"{head}{chain}\nfn f5(x: u64) -> u64 {{ x }}\n"
        "#[rex_xdp]\nfn deep(_: &xdp, ctx: &mut xdp_md) -> Result {\n"
        '    rex_printk!("x")?;\n    Ok(f0(ctx.data_length() as u64) as i32)\n}\n'
    )
    root = write_crate(tmp_path, {"src/main.rs": source})
    built = rex("build", root, "--format", "json")
    assert built.status == 1, built.err
    (finding,) = [d for d in json.loads(built.out)["diagnostics"] if d["severity"] == "error"]
    assert finding["code"] == "rex::stack_budget"
    way = [source.splitlines()[one["range"]["start"]["line"]] for one in finding["related"]]
    assert way == [f"fn f{n}(x: u64) -> u64 {{" for n in range(5)]
    assert "program `deep` uses" in finding["message"] and "`sample::f4`" in finding["message"]
    assert finding["path"] == "src/main.rs"
    first = finding["range"]["start"]["line"]
    assert "deep" in "\n".join(source.splitlines()[first - 1 : first + 3])
