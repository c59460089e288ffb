# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What tells a finding from others across commits (SARIF 2.1.0, section 3.27.17).

A fingerprint is made of what an edit elsewhere in the file does not change: the code, the
file, the enclosing item, the words of the line, and which of several equal ones it is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from rex_lsp.cli.source_text import SourceText
from rex_lsp.rules.finding import Finding

NAME = "rexFinding/v1"


@dataclass(slots=True)
class Fingerprints:
    """Fingerprints of one report, asked for in the order of the text."""

    _seen: Counter[str] = field(default_factory=Counter)

    def of(self, place: str, finding: Finding, source: SourceText) -> str:
        """The fingerprint of a finding in the file that the report calls `place`."""
        line = " ".join(source.line(source.line_of(finding.span.start)).split())
        text = source.data[finding.span.start : finding.span.end].decode("utf-8", "replace")
        words = " ".join(text.split()) if "\n" not in text else ""
        key = "\0".join([finding.code, place, finding.item, line, words])
        nth = self._seen[key]
        self._seen[key] += 1
        whole = f"{key}\0{nth}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(whole).hexdigest()[:32]
