# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Trust: nothing of an untrusted project runs. Four canaries write a file when they do."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from .projects import LEAK, LEAK_LINE, extension, manifest
from .raw import Raw, at


@pytest.fixture
def cage(tmp_path: Path) -> Path:
    """An extension whose every part that a tool could run leaves a feather in ``feathers``."""
    root = tmp_path / "cage"
    feathers = tmp_path / "feathers"
    feathers.mkdir()
    extension(root, LEAK)

    def script(path: Path, name: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\ntouch {feathers}/{name}\nexec "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    (root / "build.rs").write_text(
        f'fn main() {{ std::fs::write("{feathers}/build-rs", "").unwrap(); }}\n'
    )
    macro = root / "mac"
    (macro / "src").mkdir(parents=True)
    (macro / "Cargo.toml").write_text(
        '[package]\nname = "mac"\nversion = "0.1.0"\nedition = "2024"\n[lib]\nproc-macro = true\n'
    )
    (macro / "src" / "lib.rs").write_text(
        "use proc_macro::TokenStream;\n#[proc_macro]\npub fn m(_: TokenStream) -> TokenStream {\n"
        f'    std::fs::write("{feathers}/proc-macro", "").unwrap();\n    TokenStream::new()\n}}\n'
    )
    text = manifest("cage").replace("[dependencies]\n", '[dependencies]\nmac = { path = "mac" }\n')
    (root / "Cargo.toml").write_text(text)
    (root / "src" / "main.rs").write_text(LEAK + "\nmac::m!();\n")
    for name in ("rustc", "wrapper", "cargo", "rustdoc"):
        script(root / "evil" / name, name)
    (root / ".cargo").mkdir()
    (root / ".cargo" / "config.toml").write_text(
        f'[build]\nrustc = "{root}/evil/rustc"\nrustc-wrapper = "{root}/evil/wrapper"\n'
        f'[alias]\nmetadata = "run"\n[target.x86_64-unknown-none]\nlinker = "{root}/evil/wrapper"\n'
    )
    script(root / "toolchain" / "bin" / "rustc", "toolchain-rustc")
    script(root / "toolchain" / "bin" / "cargo", "toolchain-cargo")
    (root / "rust-toolchain.toml").write_text(f'[toolchain]\npath = "{root}/toolchain"\n')
    for module in ("tree_sitter", "pygls", "lsprotocol", "cattrs", "asyncio", "json"):
        (root / f"{module}.py").write_text(f'open("{feathers}/{module}-py", "w")\n')
    return root


def feathers_of(cage: Path) -> list[str]:
    return sorted(path.name for path in (cage.parent / "feathers").iterdir())


async def children(pid: int) -> list[int]:
    """The processes below ``pid`` now."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, IndexError):
            continue
        if entry.name.isdecimal() and int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


async def use_everything(server: Raw, cage: Path) -> str:
    """What an editor does with a file: open, type, save, ask, fix."""
    main = cage / "src" / "main.rs"
    uri = server.open(main)
    items = await server.published(uri, version=1)
    assert "rex::leak" in [item["code"] for item in items]
    server.change(uri, 2, {"range": at(LEAK_LINE, 0), "text": " "})
    await server.published(uri, version=2)
    server.save(uri)
    server.save((cage / "Cargo.toml").as_uri())
    cursor = {"textDocument": {"uri": uri}, "position": {"line": LEAK_LINE, "character": 10}}
    for method in ("completion", "hover", "signatureHelp"):
        await server.request(f"textDocument/{method}", cursor)
    assert await server.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []
    return uri


async def test_untrusted_nothing_runs_whatever_the_editor_does(server: Raw, cage: Path) -> None:
    # In the project's directory, as an editor started from a shell there would be.
    await server.kill()
    server = await Raw.start(cwd=cage)
    try:
        await server.initialize(cage)
        uri = await use_everything(server, cage)
        for command in ("build", "load", "attach", "run", "detach", "unload"):
            params = {"command": f"rex.{command}", "arguments": [{"uri": uri}]}
            error = await server.refused("workspace/executeCommand", params)
            assert error["code"] == -32803
            assert "not trusted" in error["message"]
        seen = [await children(server.process.pid) for _ in range(20) if await _pause()]
        assert not any(seen)
        assert await server.stop() == 0
    finally:
        await server.kill()
    assert feathers_of(cage) == []


async def test_absent_and_odd_trust_is_no_trust(server: Raw, cage: Path) -> None:
    params = {
        "processId": os.getpid(),
        "rootUri": cage.as_uri(),
        "capabilities": {},
        "initializationOptions": {"trusted": "yes"},
    }
    await server.request("initialize", params)
    server.notify("initialized", {})
    server.notify("rex/didChangeTrust", {"trusted": 1})
    server.notify("rex/didChangeTrust", None)
    uri = server.open(cage / "src" / "main.rs")
    build = {"command": "rex.build", "arguments": [{"uri": uri}]}
    assert (await server.refused("workspace/executeCommand", build))["code"] == -32803
    assert feathers_of(cage) == []


async def test_trusted_the_check_runs_but_not_what_only_configuration_names(
    server: Raw, cage: Path
) -> None:
    """The build script and macro are the project's own code; the tools are never its choice."""
    await server.initialize(cage)
    uri = await use_everything(server, cage)
    server.notify("rex/didChangeTrust", {"trusted": True})
    after = len(server.said)
    server.save(uri)
    await server.until(
        lambda m: m.get("method") == "$/progress" and m["params"]["value"]["kind"] == "end",
        after=after,
        wait=180,
    )
    assert feathers_of(cage) == ["build-rs", "proc-macro"]


async def test_taking_trust_back_ends_what_runs(server: Raw, cage: Path) -> None:
    (cage / "build.rs").write_text(
        "fn main() { std::thread::sleep(std::time::Duration::from_secs(120)); }\n"
    )
    await server.initialize(cage, trusted=True)
    uri = server.open(cage / "src" / "main.rs")
    await server.published(uri, version=1)
    params = {"command": "rex.build", "arguments": [{"uri": uri}]}
    build = server.post("workspace/executeCommand", params)
    await _until_children(server, some=True)
    server.notify("rex/didChangeTrust", {"trusted": False})
    answer = await server.answer(build)
    assert answer["error"]["code"] == -32800
    await _until_children(server, some=False)


async def _pause() -> bool:
    await asyncio.sleep(0.02)
    return True


async def _until_children(server: Raw, *, some: bool) -> None:
    for _ in range(600):
        if bool(await children(server.process.pid)) is some:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"expected {'some' if some else 'no'} child processes")
