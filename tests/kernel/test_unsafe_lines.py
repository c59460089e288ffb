# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How much of the kernel crate is unsafe, and that it is counted right."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci/unsafe_lines.py"


@pytest.fixture(scope="module")
def counter() -> Any:
    spec = importlib.util.spec_from_file_location("unsafe_lines", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["unsafe_lines"] = module
    spec.loader.exec_module(module)
    return module


def test_little_of_the_kernel_crate_is_unsafe(counter: Any) -> None:
    found = counter.total()
    assert found.lines > 1500
    assert found.unsafe > 50
    assert found.percent < counter.MOST, f"{found.percent:.1f} % of the lines are unsafe"


@pytest.mark.parametrize(
    ("source", "unsafe", "lines"),
    [
        ("fn f() {\n    g();\n}\n", 0, 3),
        ("fn f() {\n    // SAFETY: fine.\n    unsafe { g() }\n}\n", 1, 3),
        ("fn f() {\n    unsafe {\n        // Why.\n        g();\n\n        h();\n    }\n}\n", 4, 6),
        ("unsafe fn f() {\n    g();\n}\n\nfn h() {}\n", 3, 4),
        ("pub(crate) const unsafe fn f() {\n}\n", 2, 2),
        ("unsafe impl Sync for T {}\nstruct T;\n", 1, 2),
        ("unsafe trait T {\n    fn f();\n}\n", 3, 3),
        ("macro_rules! m {\n    () => {\n        unsafe { f() }\n    };\n}\n", 1, 5),
        ("/// unsafe { in words }\nfn f() {}\n", 0, 1),
        ('const F: &str = "unsafe { }";\n', 0, 1),
    ],
)
def test_what_counts(counter: Any, source: str, unsafe: int, lines: int) -> None:
    found = counter.count(source.encode())
    assert (found.unsafe, found.lines) == (unsafe, lines)
