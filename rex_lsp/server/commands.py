# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The commands ``rex.*``: build, load, attach, run, detach, unload, stack, panics.

Each takes one object ``{uri, program?, position?, source?}``: the program is named, or is
the one around ``position``, or all of the package are meant. Each answers when it is done
with ``{"ok": bool, ...}``; what went wrong is ``message``, with ``repair`` and ``near``
where there is something to do. Work is shown as progress and can be cancelled.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lsprotocol import types

from rex_lsp.server import trust
from rex_lsp.server.jsonrpc import INVALID_PARAMS, RequestFailed
from rex_lsp.server.server import RexServer
from rex_lsp.server.uris import to_path

if TYPE_CHECKING:
    from rex_lsp.server.targets import Selection

Json: TypeAlias = dict[str, Any]

COMMANDS = (
    "rex.build",
    "rex.load",
    "rex.attach",
    "rex.run",
    "rex.detach",
    "rex.unload",
    "rex.stack",
    "rex.panics",
)
_ANSWERED = ("stack", "panics")


def register(server: RexServer) -> None:
    """Register the command request."""
    server.feature("workspace/executeCommand")(execute)


async def execute(ls: RexServer, params: types.ExecuteCommandParams) -> Json:
    """Run one command to its end.

    Raises:
        RequestFailed: an unknown command, arguments that do not fit, or no trust.
    """
    if params.command not in COMMANDS:
        raise RequestFailed(
            INVALID_PARAMS, f"expected one of {', '.join(COMMANDS)}, found {params.command!r}"
        )
    verb = params.command.removeprefix("rex.")
    selection = _selection(ls, params.arguments)
    trust.require(ls, verb.capitalize())
    if verb in _ANSWERED:
        from rex_lsp.server import image_commands

        return await image_commands.answer(ls, verb, selection)
    from rex_lsp.server.actions import perform

    return await perform(ls, verb, selection, params.work_done_token)


def check_on_save(ls: RexServer, path: Path) -> None:
    """Start the compiler tier for a saved file, where it is wanted and allowed."""
    if not ls.trusted or not ls.settings.get("check.onSave"):
        return
    package = ls.files.crates.package_of(path)
    if package is None and path.name in ("Cargo.toml", "Cargo.lock"):
        package = path.parent if ls.files.crates.packages.manifest(path.parent).rex_name else None
    if package is None or not (package / "Cargo.toml").is_file():
        return
    from rex_lsp.server.checks import check

    ls.protocol.spawn(check(ls, package), "the check on save")


def _selection(ls: RexServer, arguments: Any) -> Selection:
    from rex_lsp.server.targets import select

    argument = arguments[0] if isinstance(arguments, list | tuple) and arguments else None
    if not isinstance(argument, dict) or not isinstance(argument.get("uri"), str):
        raise RequestFailed(
            INVALID_PARAMS, f"expected one argument with the field 'uri', found {arguments!r:.200}"
        )
    return select(ls, to_path(argument["uri"]), argument)
