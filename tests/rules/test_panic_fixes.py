# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Fixes of panics in the machine code: what the expression becomes, and where there is none."""

from __future__ import annotations

import pytest

from rex_lsp.rules.panic_fixes import panic_fix
from rex_lsp.syntax.document import Document

BOUNDS = "core::panicking::panic_bounds_check"
SLICE = "core::slice::index::slice_index_fail"
ZERO = "core::panicking::panic_const::panic_const_div_by_zero"
NONE = "core::option::unwrap_failed"
ERROR = "core::result::unwrap_failed"
E = "rex::error::code::EINVAL"


def fixed(line: str, callee: str, signature: str = "fn é(i: usize) -> Result") -> str | None:
    """The line after the fix of what begins at `@`; None without a fix."""
    before = f"{signature} {{\n    // 😀\r\n    "
    text = before + line.replace("@", "") + "\n}\n"
    document = Document(text)
    offset = len((before + line.partition("@")[0]).encode())
    fix = panic_fix(document, offset, callee=callee)
    if fix is None:
        return None
    (edit,) = fix.edits
    assert not fix.safe
    made = document.data[: edit.span.start] + edit.text.encode() + document.data[edit.span.end :]
    return made.decode().removeprefix(before).removesuffix("\n}\n")


@pytest.mark.parametrize(
    ("line", "callee", "becomes"),
    [
        ("let x = @a[i];", BOUNDS, f"let x = *a.get(i).ok_or({E})?;"),
        ("let x = @a[i] as u64 + 1;", BOUNDS, f"let x = *a.get(i).ok_or({E})? as u64 + 1;"),
        ("@a[i] = 3;", BOUNDS, f"*a.get_mut(i).ok_or({E})? = 3;"),
        ("@a[i] += 3;", BOUNDS, f"*a.get_mut(i).ok_or({E})? += 3;"),
        ("f(&@a[i]);", BOUNDS, f"f(a.get(i).ok_or({E})?);"),
        ("f(&mut @self.a[i]);", BOUNDS, f"f(self.a.get_mut(i).ok_or({E})?);"),
        ("let x = @a[i].b;", BOUNDS, f"let x = a.get(i).ok_or({E})?.b;"),
        ("@a[i].b = 1;", BOUNDS, f"a.get_mut(i).ok_or({E})?.b = 1;"),
        ("let x = &@a[1..i];", SLICE, f"let x = a.get(1..i).ok_or({E})?;"),
        ("let x = @a / b;", ZERO, f"let x = a.checked_div(b).ok_or({E})?;"),
        ("let x = @a % (b + 1);", ZERO, f"let x = a.checked_rem((b + 1)).ok_or({E})?;"),
        ("@a /= b;", ZERO, f"a = a.checked_div(b).ok_or({E})?;"),
        ("let x = f().@unwrap();", NONE, f"let x = f().ok_or({E})?;"),
        ('let x = f().@expect("é");', ERROR, f"let x = f().map_err(|_| {E})?;"),
    ],
)
def test_what_it_becomes(line: str, callee: str, becomes: str) -> None:
    assert fixed(line, callee) == becomes


@pytest.mark.parametrize(
    ("line", "callee"),
    [
        ("let x = @7 / b;", ZERO),
        ("let x = @a + b;", ZERO),
        ("let c = |i| @a[i];", BOUNDS),
        ("f(@a[1..i].len());", NONE),
        ("@panic!();", "core::panicking::panic"),
    ],
)
def test_where_it_is_not_mechanical_there_is_none(line: str, callee: str) -> None:
    assert fixed(line, callee) is None


@pytest.mark.parametrize("returns", ["", " -> u64", " -> Result<u8, Odd>", " -> Option<u8>"])
def test_only_where_the_error_can_go_up(returns: str) -> None:
    assert fixed("let x = @a[i];", BOUNDS, f"fn f(){returns}") is None


@pytest.mark.parametrize("returns", [" -> rex::Result", " -> error::Result<u8>"])
def test_both_results_of_the_kernel_crate_take_it(returns: str) -> None:
    assert fixed("let x = @a[i];", BOUNDS, f"fn f(){returns}") is not None
