# SPDX-License-Identifier: Apache-2.0 OR MIT
"""cfg predicates, as they stand for an extension."""

from __future__ import annotations

import pytest

from rex_lsp.model.cfg import holds, split_arguments


@pytest.mark.parametrize(
    ("predicate", "want"),
    [
        ("test", False),
        ("not(test)", True),
        ('target_arch = "x86_64"', True),
        ('target_os = "linux"', False),
        ('target_os = "none"', True),
        ('feature = "fast"', True),
        ('feature = "slow"', False),
        ('all(not(test), feature = "fast")', True),
        ('any(test, feature = "slow")', False),
        ("all()", True),
        ("any()", False),
        ("all(any(), test,)", False),
        ('panic = "abort"', True),
        ("debug_assertions", False),
        ("somebodys_own", False),
        ("true", True),
        ("not(false)", True),
        ('cfg(target_pointer_width = "64")', True),
        ("not(", None),
        ("not(a, b)", None),
        ('"x"', False),
        ("a b", None),
        ("", None),
        ("feature = fast", None),
    ],
)
def test_a_predicate_holds(predicate: str, want: bool | None) -> None:
    assert holds(predicate, {"fast"}) is want


def test_arguments_are_split_at_their_own_commas() -> None:
    assert split_arguments('(a, b(c, d), e = "f, \\"g\\"", [h, i])') == [
        "a",
        "b(c, d)",
        'e = "f, \\"g\\""',
        "[h, i]",
    ]
    assert split_arguments("()") == []
