# SPDX-License-Identifier: Apache-2.0 OR MIT
"""With pytest-lsp: what goes out fits what the clients of the field say they understand."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from .projects import LEAK, LEAK_LINE, extension
from .raw import PACKAGE


@pytest_lsp.fixture(  # type: ignore[untyped-decorator]
    params=["neovim@0.11", "visual-studio-code", "emacs"],
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "rex_lsp", "server"],
        server_env={**os.environ, "PYTHONPATH": str(PACKAGE)},
    ),
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A session with the capabilities of one editor."""
    # These editors do what they say they can; pytest-lsp's client leaves it to the test.
    for method in (
        "client/registerCapability",
        "workspace/codeLens/refresh",
        "workspace/inlayHint/refresh",
    ):
        lsp_client.feature(method)(_accept)
    with tempfile.TemporaryDirectory() as directory:
        extension(Path(directory), LEAK)
        folder = types.WorkspaceFolder(uri=Path(directory).as_uri(), name="ext")
        await lsp_client.initialize_session(
            types.InitializeParams(
                capabilities=client_capabilities(request.param),
                workspace_folders=[folder],
                initialization_options={"trusted": True},
            )
        )
        lsp_client.directory = Path(directory)  # type: ignore[attr-defined]
        yield
        await lsp_client.shutdown_session()


def _accept(*_: object) -> None:
    """Agree to a request of the server."""


async def test_a_session(client: LanguageClient) -> None:
    main = client.directory / "src" / "main.rs"  # type: ignore[attr-defined]
    uri = main.as_uri()
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "rust", 1, LEAK))
    )
    capabilities = client.capabilities
    assert capabilities is not None
    identifier = types.TextDocumentIdentifier(uri)
    here = types.Position(LEAK_LINE, 10)
    await client.wait_for_notification("textDocument/publishDiagnostics")
    (leak,) = client.diagnostics[uri]
    assert leak.code == "rex::leak"
    assert leak.range.start == types.Position(LEAK_LINE, 4)

    actions = await client.text_document_code_action_async(
        types.CodeActionParams(identifier, leak.range, types.CodeActionContext([leak]))
    )
    fixes = [
        one
        for one in actions or ()
        if isinstance(one, types.CodeAction) and one.kind == types.CodeActionKind.QuickFix
    ]
    first = fixes[0]
    if first.edit is None:
        first = await client.code_action_resolve_async(first)
    assert first.edit is not None

    lenses = await client.text_document_code_lens_async(types.CodeLensParams(identifier))
    assert [lens.command.title for lens in lenses or () if lens.command] == [
        "▶ Run",
        "Attach",
        "Build",
    ]
    assert await client.text_document_hover_async(
        types.HoverParams(identifier, types.Position(5, 14))
    )
    await client.text_document_completion_async(types.CompletionParams(identifier, here))
    await client.text_document_signature_help_async(types.SignatureHelpParams(identifier, here))
    symbols = await client.text_document_document_symbol_async(
        types.DocumentSymbolParams(identifier)
    )
    assert [symbol.name for symbol in symbols or ()] == ["COUNTS", "probe"]
    assert client.messages == []
