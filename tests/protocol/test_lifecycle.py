# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Start, end, and everything a client may do wrong in between."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from .projects import LEAK, extension
from .raw import CAPABILITIES, PACKAGE, Json, Raw


async def test_shutdown_and_exit_end_with_zero(server: Raw) -> None:
    await server.initialize()
    assert await server.stop() == 0
    assert await server.errors() == ""


async def test_exit_without_shutdown_ends_with_one(server: Raw) -> None:
    await server.initialize()
    server.notify("exit")
    assert await server.ended() == 1


async def test_exit_before_initialize_ends_with_one(server: Raw) -> None:
    server.notify("exit")
    assert await server.ended() == 1


async def test_the_end_of_input_ends_the_server(server: Raw) -> None:
    await server.initialize()
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert await server.ended() == 1


async def test_the_death_of_the_client_process_ends_the_server(server: Raw) -> None:
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=-1)
    params: Json = {"processId": client.pid, "rootUri": None, "capabilities": {}}
    await server.request("initialize", params)
    client.kill()
    await client.wait()
    assert await server.ended(10) == 1


async def test_requests_before_initialize_are_refused_and_notifications_ignored(
    server: Raw,
) -> None:
    error = await server.refused("textDocument/hover", {})
    assert error["code"] == -32002
    server.notify("textDocument/didOpen", {"nonsense": True})
    await server.initialize()
    assert (await server.refused("initialize", {"capabilities": {}}))["code"] == -32600


async def test_after_shutdown_only_exit_is_heard(server: Raw) -> None:
    await server.initialize()
    await server.request("shutdown")
    assert (await server.refused("textDocument/hover", {}))["code"] == -32600
    server.notify("exit")
    assert await server.ended() == 0


async def test_an_unknown_request_is_answered_and_an_unknown_notification_is_not(
    server: Raw,
) -> None:
    await server.initialize()
    before = len(server.said)
    server.notify("no/such", {})
    server.notify("$/optional", {})
    assert (await server.refused("no/such/request", {}))["code"] == -32601
    assert [m for m in server.said[before:] if "id" not in m] == []


@pytest.mark.parametrize(
    "params",
    [
        None,
        [],
        {},
        "text",
        {"textDocument": {}},
        {"textDocument": {"uri": 5}, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": "file:///x.rs"}, "position": {"line": "a", "character": 0}},
        {"textDocument": {"uri": "not a uri"}, "position": {"line": 0, "character": 0}},
        {"textDocument": {"uri": "file:///a%00b.rs"}, "position": {"line": 0, "character": 0}},
    ],
)
async def test_invalid_params_are_answered(server: Raw, params: object) -> None:
    await server.initialize()
    error = await server.refused("textDocument/hover", params)
    assert error["code"] == -32602
    assert "Traceback" not in json.dumps(error)
    assert server.of("window/showMessage") == []


async def test_a_negative_position_is_an_invalid_param(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path)
    await server.initialize(tmp_path)
    uri = server.open(main)
    for method in ("completion", "hover", "signatureHelp"):
        error = await server.refused(
            f"textDocument/{method}",
            {"textDocument": {"uri": uri}, "position": {"line": -1, "character": 0}},
        )
        assert error["code"] == -32602, method


async def test_malformed_messages_do_not_end_it(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    server.send_bytes(b"Content-Length: 9\r\n\r\n{not json")
    assert (await server.answer(None))["error"]["code"] == -32700
    server.send([1, 2, 3])
    server.send({"jsonrpc": "1.0", "id": 77, "method": "textDocument/hover"})
    assert (await server.answer(77))["error"]["code"] == -32600
    server.send({"jsonrpc": "2.0", "id": 78, "method": 5})
    assert (await server.answer(78))["error"]["code"] == -32600
    server.send({"jsonrpc": "2.0", "id": [1], "method": "shutdown"})
    server.send({"jsonrpc": "2.0", "id": 4711, "result": None})
    server.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 999}})
    server.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": None})
    server.send_bytes(b"X-Noise: yes\r\n\r\n")
    server.send_bytes(b"content-length:2\r\nContent-Type: x\r\n\r\n{}")
    uri = server.open(main)
    assert [d["code"] for d in await server.published(uri)] == ["rex::leak"]
    assert await server.stop() == 0
    assert server.of("window/showMessage") == []


async def test_a_frame_may_come_byte_by_byte(server: Raw) -> None:
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 5, "method": "initialize", "params": {"capabilities": {}}}
    ).encode()
    for byte in b"Content-Length: %d\r\n\r\n%s" % (len(body), body):
        server.send_bytes(bytes([byte]))
        await asyncio.sleep(0)
    assert "capabilities" in (await server.answer(5))["result"]


async def test_a_recorded_session_is_served_from_a_file(tmp_path: Path) -> None:
    messages: list[Json] = [
        {"id": 1, "method": "initialize", "params": {"capabilities": CAPABILITIES}},
        {"method": "initialized", "params": {}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    record = tmp_path / "session"
    with record.open("wb") as out:
        for message in messages:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            out.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    with record.open("rb") as stdin, (tmp_path / "out").open("wb") as stdout:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "rex_lsp", "server"],
            stdin=stdin,
            stdout=stdout,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        )
        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert (tmp_path / "out").read_bytes().count(b"Content-Length") == 2


async def test_a_request_that_waits_is_cancelled_before_it_runs(
    server: Raw, tmp_path: Path
) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main, LEAK + "// filler\n" * 40_000)
    cursor = {"textDocument": {"uri": uri}, "position": {"line": 12, "character": 10}}
    ids = [server.post("textDocument/hover", cursor) for _ in range(20)]
    for request in ids[1:]:
        server.notify("$/cancelRequest", {"id": request})
    answers = [await server.answer(request) for request in ids]
    codes = [answer.get("error", {}).get("code") for answer in answers]
    assert codes.count(-32800) >= 10
    assert all(code in (None, -32800) for code in codes)


async def test_every_request_is_answered_exactly_once(server: Raw, tmp_path: Path) -> None:
    main = extension(tmp_path, LEAK)
    await server.initialize(tmp_path)
    uri = server.open(main)
    cursor = {"textDocument": {"uri": uri}, "position": {"line": 12, "character": 10}}
    ids = []
    for number in range(30):
        ids.append(server.post("textDocument/completion", cursor))
        ids.append(server.post("textDocument/codeLens", {"textDocument": {"uri": uri}}))
        if number % 3 == 0:
            server.notify("$/cancelRequest", {"id": ids[-1]})
    await server.request("shutdown")
    for request in ids:
        found = [m for m in server.said if m.get("id") == request and "method" not in m]
        assert len(found) == 1


async def test_what_a_handler_hides_is_not_told(server: Raw, tmp_path: Path) -> None:
    await server.initialize(tmp_path)
    error = await server.refused("codeAction/resolve", {"title": "x", "data": {"path": "/etc"}})
    assert "Traceback" not in json.dumps(error)
    assert "data" not in error
