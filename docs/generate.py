# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Writes what is declared once in `rex_lsp` where people look for it.

`python docs/generate.py` writes, `--check` prints what is out of date and exits with 1. The
outputs are the settings in the VS Code manifest, in the manual and in the Neovim help,
the manual's list of rules, and the JSON Schema of test files; what is written by hand around
them stays.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rex_lsp.project.settings import RULE_LEVELS, SETTINGS, Kind, Setting  # noqa: E402
from rex_lsp.rules.pages import section  # noqa: E402
from rex_lsp.rules.registry import RULES  # noqa: E402
from rex_lsp.testing.form import SCHEMA  # noqa: E402

MANIFEST = ROOT / "editors/vscode/package.json"
HELP = ROOT / "editors/nvim/doc/rex.txt"
PAGE = ROOT / "docs/settings.md"
RULE_LIST = ROOT / "docs/rules/index.md"
TEST_FILE = ROOT / "docs/schemas/test-file.json"

# These belong to the extension, not to the server.
_OWN = ("rex.interpreter", "rex.trace.server")

# What only Cargo.toml can say is no setting of an editor.
_EDITABLE = [setting for setting in SETTINGS if not setting.project_only]

_SHAPES: dict[Kind, dict[str, Any]] = {
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.INTEGER: {"type": "integer"},
    Kind.STRING: {"type": "string"},
    Kind.STRINGS: {"type": "array", "items": {"type": "string"}},
    Kind.TABLE: {"type": "object", "additionalProperties": {"enum": list(RULE_LEVELS)}},
}


def _property(setting: Setting) -> dict[str, Any]:
    schema = {**_SHAPES[setting.kind], "default": setting.default}
    if setting.choices:
        schema["enum"] = list(setting.choices)
    if setting.minimum is not None:
        schema["minimum"] = setting.minimum
    if setting.maximum is not None:
        schema["maximum"] = setting.maximum
    schema["scope"] = "machine" if setting.user_only else "window"
    schema["markdownDescription"] = setting.doc
    return schema


def manifest(before: str) -> str:
    """The VS Code manifest with the server's settings after the extension's own."""
    data = json.loads(before)
    configuration = data["contributes"]["configuration"]
    own = {key: configuration["properties"][key] for key in _OWN}
    configuration["properties"] = {
        **own,
        **{f"rex.{setting.key}": _property(setting) for setting in _EDITABLE},
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _where(setting: Setting) -> str:
    if setting.user_only:
        return "user"
    if setting.project_only:
        return "Cargo.toml"
    return "user, workspace, Cargo.toml" if setting.metadata else "user, workspace"


def page(_before: str) -> str:
    """The manual's page."""
    rows = [
        f"| `rex.{setting.key}` | {setting.kind.value} | `{json.dumps(setting.default)}` "
        f"| {_where(setting)} | {setting.doc} |"
        for setting in SETTINGS
    ]
    head = """\
<!-- Written by docs/generate.py, do not edit. -->
# Settings

A later place wins over an earlier one: the defaults, the person's own settings, the
workspace's, `[package.metadata.rex]` in Cargo.toml, flags on the command line. What names a
program to start is read from the person's own settings only.

- VS Code: in the settings, under *Rex*.
- Neovim: `require("rex").setup({ settings = { ["check.onSave"] = false } })`.
- Other editors: `initializationOptions.settings`, or the section `rex` of
  `workspace/configuration`.
- Cargo.toml: without the leading `rex.`, for example `rules = { may_panic = "off" }`.

| setting | value | default | read from | meaning |
|---|---|---|---|---|
"""
    return head + "\n".join(rows) + "\n"


def rule_list(_before: str) -> str:
    """The manual's list of rules; each page stands beside its rule."""
    tiers = {"T": "typing", "C": "compiler", "B": "binary", "R": "run"}
    head = """\
<!-- Written by docs/generate.py, do not edit. -->
# The rules

What an extension may not do, and what is good to know about it. `rex explain rex::leak` shows
a page in the terminal; in the editor each finding links to its page. The tiers say who proves
a rule: *typing* as you type, *compiler* on save and in a build.

| rule | severity | tiers | what it catches |
|---|---|---|---|
"""
    rows = []
    for rule in sorted(RULES.values(), key=lambda rule: rule.code):
        names = ", ".join(tiers[tier.value] for tier in rule.tiers)
        what = " ".join(section(rule.page, "What it does").split("\n\n")[0].split())
        link = f"[`{rule.code}`](../../rex_lsp/rules/pages/{rule.name}.md)"
        rows.append(f"| {link} | {rule.severity.name.lower()} | {names} | {what} |")
    return head + "\n".join(rows) + "\n"


def _help_entries() -> Iterator[str]:
    for setting in _EDITABLE:
        yield f"{setting.key}\t({setting.kind.value}, default {json.dumps(setting.default)})"
        yield from textwrap.wrap(
            setting.doc, 70, initial_indent="\t\t", subsequent_indent="\t\t", tabsize=8
        )
        yield ""


def help_table(before: str) -> str:
    """The Neovim help with its table of server settings."""
    table = "\n".join(_help_entries())
    start = "SERVER SETTINGS\t\t\t\t\t\t*rex-settings*\n"
    pattern = re.escape(start) + r".*?(?=\n={78}\n)"
    head = start + "\nFor the option `settings`, see |rex-options|.\n\n"
    after, count = re.subn(pattern, lambda _: head + table, before, flags=re.DOTALL)
    assert count == 1, f"expected one section of settings in {HELP.name}, found {count}"
    return after


def test_file(_before: str) -> str:
    """The schema of `tests/*.toml`, for editors."""
    return json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write, or with `--check` compare; 1 when something is out of date."""
    stale = 0
    outputs = (
        (MANIFEST, manifest),
        (PAGE, page),
        (HELP, help_table),
        (RULE_LIST, rule_list),
        (TEST_FILE, test_file),
    )
    for path, make in outputs:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = make(before)
        if after == before:
            continue
        stale += 1
        name = path.relative_to(ROOT)
        if "--check" in arguments:
            lines = difflib.unified_diff(
                before.splitlines(), after.splitlines(), str(name), "expected", n=1, lineterm=""
            )
            print("\n".join(lines))
        else:
            path.write_text(after, encoding="utf-8")
            print(f"wrote {name}")
    if stale and "--check" in arguments:
        print("out of date, `python docs/generate.py` mends it")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
