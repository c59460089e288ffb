# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the client can do, read from the plain JSON of ``initialize``."""

from __future__ import annotations

from typing import Any

from rex_lsp.syntax.positions import Encoding

_ENCODINGS = {"utf-8": Encoding.UTF8, "utf-16": Encoding.UTF16, "utf-32": Encoding.UTF32}


class ClientCapabilities:
    """Questions to ``ClientCapabilities``; what has another shape counts as absent."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def get(self, path: str) -> Any:
        """The value at a dotted path, or None."""
        value = self._raw
        for name in path.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    def has(self, path: str) -> bool:
        """Whether the value at a dotted path is true or an object."""
        value = self.get(path)
        return value is True or isinstance(value, dict)

    def lists(self, path: str, item: str) -> bool:
        """Whether the list at a dotted path has ``item``."""
        value = self.get(path)
        return isinstance(value, list) and item in value

    @property
    def encoding(self) -> tuple[str, Encoding]:
        """The first position encoding of the client's list that exists, else UTF-16."""
        offered = self.get("general.positionEncodings")
        for name in offered if isinstance(offered, list) else ():
            if isinstance(name, str) and name in _ENCODINGS:
                return name, _ENCODINGS[name]
        return "utf-16", Encoding.UTF16

    @property
    def pulls_diagnostics(self) -> bool:
        """Whether open files are served by pull.

        Only with refresh: what a save or a run finds could not reach the client otherwise.
        """
        return self.has("textDocument.diagnostic") and (
            self.has("workspace.diagnostics.refreshSupport")
            or self.has("workspace.diagnostic.refreshSupport")
        )

    @property
    def watches_files(self) -> bool:
        """Whether the client watches files for us."""
        return self.has("workspace.didChangeWatchedFiles.dynamicRegistration")

    @property
    def literal_code_actions(self) -> bool:
        """Whether code actions may be objects, not only commands."""
        return self.has("textDocument.codeAction.codeActionLiteralSupport")

    @property
    def resolves_edits(self) -> bool:
        """Whether a code action's edit may be computed when it is chosen."""
        return self.lists("textDocument.codeAction.resolveSupport.properties", "edit") and self.has(
            "textDocument.codeAction.dataSupport"
        )

    @property
    def versioned_edits(self) -> bool:
        """Whether edits may name the version they are for."""
        return self.has("workspace.workspaceEdit.documentChanges")
