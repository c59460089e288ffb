# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every marked line of every fixture has exactly its findings."""

from __future__ import annotations

import pytest

from tests.rules.fixture import Section, sections

ALL = sections()


@pytest.mark.parametrize("section", ALL, ids=lambda section: section.id)
def test_the_lines_have_the_findings_they_are_marked_with(section: Section) -> None:
    assert section.found() == section.expected()
