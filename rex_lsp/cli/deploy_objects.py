# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex load|attach|detach|unload|ps`: objects that stay until they are taken away."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from rex_lsp.cli.deploy_output import EventPrinter
from rex_lsp.cli.deploy_sources import add_source, source_of
from rex_lsp.cli.deploy_steps import (
    add_object,
    built,
    connected,
    objects_named,
    package_in,
    run_to_end,
)
from rex_lsp.cli.main import CLEAN, FINDINGS, CannotContinue, Subparsers
from rex_lsp.cli.project_argument import features_of
from rex_lsp.deploy.client import Runtime
from rex_lsp.deploy.objects import Loaded
from rex_lsp.deploy.runner import Runner

Json = dict[str, Any]


def register(subparsers: Subparsers) -> None:
    """Adds the verbs."""
    load = subparsers.add_parser(
        "load",
        help="build and load; it stays until `rex unload`",
        description="Build an extension and load it, or load an image that was built before. "
        "It stays loaded until `rex unload`. Prints the object's number.",
    )
    load.add_argument("path", metavar="DIR|IMAGE", nargs="?", default=".")
    load.add_argument("--features", action="append", default=[], metavar="LIST")
    load.add_argument("--target", default="sim", help="where to load it (default: sim)")
    load.set_defaults(run=_load)

    attach = subparsers.add_parser(
        "attach",
        help="attach the programs of a loaded object; they stay until `rex detach`",
        description="Attach programs of a loaded object. With a source of events they are also "
        "driven by it, until it ends.",
    )
    add_object(attach)
    add_source(attach)
    attach.add_argument("--program", metavar="NAME", help="only this program")
    attach.add_argument("--to", metavar="TARGET", help="another attach target than its own")
    attach.add_argument("--format", choices=("human", "json"), default="human")
    attach.set_defaults(run=_attach)

    detach = subparsers.add_parser(
        "detach",
        help="detach programs, keep them loaded",
        description="Take the programs of an object off their targets; it stays loaded.",
    )
    add_object(detach)
    detach.add_argument("--program", metavar="NAME", help="only this program")
    detach.set_defaults(run=_detach)

    unload = subparsers.add_parser(
        "unload",
        help="remove a loaded object",
        description="Detach and remove a loaded object.",
    )
    add_object(unload)
    unload.set_defaults(run=_unload)

    ps = subparsers.add_parser(
        "ps",
        help="list what is loaded and attached, by whom",
        description="List the loaded objects with their programs.",
    )
    ps.add_argument("--format", choices=("human", "json"), default="human")
    ps.set_defaults(run=_ps)


def _load(args: argparse.Namespace) -> int:
    path = Path(args.path).absolute()
    if path.is_file():
        return run_to_end(lambda: connected(lambda r: _load_images(r, [path], args), "rex load"))
    manifest = package_in(path)

    async def work() -> int:
        artifacts = await built(manifest, features_of(args))
        images = [artifact.image for artifact in artifacts]
        return await connected(lambda r: _load_images(r, images, args), "rex load")

    return run_to_end(work)


async def _load_images(runtime: Runtime, images: list[Path], args: argparse.Namespace) -> int:
    directory = Path(args.path).resolve()
    directory = directory.parent if directory.is_file() else directory
    for image in images:
        params = {
            "image": str(image),
            "target": args.target,
            "persistent": True,
            "label": image.stem,
            "dir": str(directory),
        }
        answer = await runtime.call("load", params)
        names = ", ".join(program["name"] for program in answer["programs"])
        if answer.get("warning"):
            print(f"warning: {answer['warning']}", file=sys.stderr)
        print(f"loaded {answer['name']} as object {answer['object']}: {names}")
    return CLEAN


def _attach(args: argparse.Namespace) -> int:
    return run_to_end(lambda: connected(lambda r: _attach_objects(r, args), "rex attach"))


async def _attach_objects(runtime: Runtime, args: argparse.Namespace) -> int:
    objects = await objects_named(runtime, args.object)
    for one in objects:
        for program in one["programs"]:
            if args.program not in (None, program["name"]):
                continue
            if program.get("link") is not None and args.to is None:
                print(f"{program['name']} is attached already", file=sys.stderr)
                continue
            params: Json = {"object": one["object"], "program": program["name"]}
            if args.to is not None:
                params["attach"] = args.to
            answer = await runtime.call("attach", params)
            for link in answer["links"]:
                where = link.get("attach") or "its source"
                print(f"attached {link['program']} to {where}", file=sys.stderr)
    if args.program is not None and not any(
        program["name"] == args.program for one in objects for program in one["programs"]
    ):
        names = ", ".join(p["name"] for one in objects for p in one["programs"]) or "none"
        raise CannotContinue(f"no program {args.program} is loaded there, but {names}")
    if not (args.command or args.pcap or args.events or args.iface or args.source):
        return CLEAN
    return await _drive(runtime, args, objects[0])


async def _drive(runtime: Runtime, args: argparse.Namespace, found: Json) -> int:
    """Run a source against an object that stays."""
    directory = Path(str(found.get("dir") or "."))
    manifest = package_in(directory) if (directory / "Cargo.toml").is_file() else None
    source = source_of(args, manifest, [program["type"] for program in found["programs"]])
    printer = EventPrinter(args.format, sys.stdout, base=directory)
    runner = Runner(runtime, printer.take)
    loaded = Loaded.from_json(found, Path(str(found.get("image") or "")))
    number: int | None = None
    try:
        await runner.adopt(loaded)
        number, _ = await runner.start(loaded, source)
        await runner.finished(loaded, number)
    except asyncio.CancelledError:
        if number is not None:
            await asyncio.shield(asyncio.ensure_future(runner.stop(number)))
        raise
    return FINDINGS if printer.stopped else CLEAN


def _detach(args: argparse.Namespace) -> int:
    return run_to_end(lambda: connected(lambda r: _detach_objects(r, args), "rex detach"))


async def _detach_objects(runtime: Runtime, args: argparse.Namespace) -> int:
    done = 0
    for one in await objects_named(runtime, args.object):
        for program in one["programs"]:
            link = program.get("link")
            if link is not None and args.program in (None, program["name"]):
                await runtime.call("detach", {"link": link})
                print(f"detached {program['name']}")
                done += 1
    if not done:
        raise CannotContinue("nothing of it is attached", ["rex ps"])
    return CLEAN


def _unload(args: argparse.Namespace) -> int:
    return run_to_end(lambda: connected(lambda r: _unload_objects(r, args), "rex unload"))


async def _unload_objects(runtime: Runtime, args: argparse.Namespace) -> int:
    for one in await objects_named(runtime, args.object):
        await runtime.call("unload", {"object": one["object"]})
        print(f"unloaded {one['name']} (object {one['object']})")
    return CLEAN


def _ps(args: argparse.Namespace) -> int:
    return run_to_end(lambda: connected(lambda r: _list(r, args), "rex ps"))


async def _list(runtime: Runtime, args: argparse.Namespace) -> int:
    answer = await runtime.call("list")
    objects: list[Json] = answer.get("objects") or []
    if args.format == "json":
        print(json.dumps({"version": 1, "objects": objects}, indent=2, ensure_ascii=False))
        return CLEAN
    if not objects:
        print("nothing is loaded")
        return CLEAN
    rows = [("OBJECT", "NAME", "PROGRAM", "TYPE", "STATE", "RUNS", "OWNER", "ATTACHED TO")]
    for one in objects:
        owner = "stays" if one.get("persistent") else f"pid {one.get('owner_pid')}"
        head = (str(one["object"]), str(one["name"]))
        for program in one["programs"]:
            rows.append(
                (
                    *head,
                    str(program["name"]),
                    str(program["type"]),
                    str(program["state"]),
                    str(program.get("runs", 0)),
                    owner,
                    str(program.get("attach") or "-"),
                )
            )
            head = ("", "")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return CLEAN
