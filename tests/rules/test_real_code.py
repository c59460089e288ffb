# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rules over code that people wrote: no alarm where there is none, and never an exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rex_lsp.model.crate import Crate, CrateConfig
from rex_lsp.rules.engine import check
from rex_lsp.rules.finding import Severity
from rex_lsp.syntax.document import Document
from tests.rules.fixture import ROOT, Files, crate_of, sections

KERNEL_CRATE = Path(__file__).parents[2] / "kernel_crate"
SAMPLES = sorted(path.parent for path in KERNEL_CRATE.glob("samples/*/src"))
MAIN = ROOT / "main.rs"


class Disk:
    """The disk as it is."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file."""
        return path.read_bytes() if path.is_file() else None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.name))
def test_a_sample_is_clean(sample: Path) -> None:
    (root,) = [path for path in (sample / "src/main.rs", sample / "src/lib.rs") if path.is_file()]
    crate = Crate(root, Disk())
    assert crate.programs(root)
    for path in crate.files():
        loud = [one for one in check(crate, path) if one.severity <= Severity.WARNING]
        assert loud == []


def test_there_are_samples() -> None:
    assert {"hello", "error_injector", "xdp_count"} <= {path.name for path in SAMPLES}


def test_the_kernel_crate_goes_through() -> None:
    root = KERNEL_CRATE / "rex" / "src" / "lib.rs"
    crate = Crate(root, Disk(), CrateConfig(program_rules=False, needs_no_main=False))
    files = {path.relative_to(root.parent) for path in crate.files()}
    assert {Path("kprobe.rs"), Path("map.rs"), Path("xdp.rs")} <= files
    found = {finding.code for path in crate.files() for finding in check(crate, path)}
    assert "rex::unsafe_code" in found
    assert not found & {"rex::std_or_alloc", "rex::float_or_simd", "rex::missing_no_std"}


@pytest.mark.parametrize("seed", range(8))
def test_damaged_code_never_raises(seed: int) -> None:
    chance = random.Random(seed)
    texts = [text for section in sections() for text in section.files.values()]
    for _ in range(25):
        data = bytearray(chance.choice(texts).encode())
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(data))
            if chance.random() < 0.5:
                del data[at : at + chance.randint(1, 9)]
            else:
                data[at:at] = chance.choice([b"{", b"}", b"\xff", b'"', b"/*", b"::", b"#[", b"\0"])
            data = data or bytearray(b" ")
        crate = Crate(MAIN, Files({MAIN: bytes(data)}))
        size = len(crate.documents[MAIN].data)
        for finding in check(crate, MAIN):
            assert 0 <= finding.span.start <= finding.span.end <= size
            for fix in finding.fixes:
                assert all(0 <= e.span.start <= e.span.end <= size for e in fix.edits)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "#",
        "#![",
        "use ::;",
        "use {;",
        "mod m; mod m; mod m {}",
        '#[path = ""] mod m;',
        '#[path = "main.rs"] mod m;',
        'include!("main.rs");',
        "pub use self::*; use crate::*;",
        "use a as b; use b as a;",
        "type A = B; type B = A; fn f(x: A) {}",
        "mod a { pub use super::b::*; } mod b { pub use super::a::*; } use a::*; fn f() { x() }",
        "fn f() { " + "(" * 3000 + ")" * 3000 + " }",
        "mod m { " * 300 + "}" * 300,
        "macro_rules! m { () => { m!() }; }",
        "fn f() { m!(m!(m!(m!(1.0)))) }",
        "impl A for B { impl C for D {} }",
        "#[cfg_attr(all(), cfg_attr(all(), cfg_attr(all(), no_mangle)))] fn f() {}",
        "#[cfg(((((] fn f() {}",
        "super::super::x!();",
        "\ud800fn f() {}",
    ],
    ids=lambda text: str(text)[:30].encode("ascii", "replace").decode(),
)
def test_odd_texts_never_raise(text: str) -> None:
    crate = crate_of({MAIN: ""})
    crate.update(MAIN, Document(text))
    check(crate, MAIN)
    crate.programs(MAIN)
