# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Every setting, declared once: key, type, default, who may set it, what it means.

Layers in rising order: defaults, user, workspace, ``[package.metadata.rex]``, flags. A
setting that names an executable is read from the user layer only, so that opening a
project never chooses a program to run. The VS Code manifest, the Neovim table and the
manual are generated from :data:`SETTINGS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from rex_lsp.build import allow_list


class Layer(Enum):
    """Where a value came from, weakest first."""

    DEFAULT = "default"
    USER = "user"
    WORKSPACE = "workspace"
    METADATA = "metadata"
    FLAG = "flag"


class Kind(Enum):
    """The JSON shape of a value."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    STRING = "string"
    STRINGS = "array of strings"
    TABLE = "object of strings"
    TABLES = "array of objects"


@dataclass(frozen=True)
class Setting:
    """One setting; ``key`` is dotted and without the leading ``rex.``."""

    key: str
    kind: Kind
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    user_only: bool = False
    metadata: bool = False
    project_only: bool = False

    def problem(self, value: Any) -> str | None:
        """Why ``value`` cannot be this setting's, or None."""
        if not _fits(self.kind, value):
            return f"expected {_words(self.kind)} for rex.{self.key}, found {value!r}"
        if self.choices and value not in self.choices:
            return f"expected one of {', '.join(self.choices)} for rex.{self.key}, found {value!r}"
        if self.minimum is not None and value < self.minimum:
            return f"expected at least {self.minimum} for rex.{self.key}, found {value}"
        if self.maximum is not None and value > self.maximum:
            return f"expected at most {self.maximum} for rex.{self.key}, found {value}"
        return None


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "check.onSave",
        Kind.BOOLEAN,
        True,
        "Run the compiler tier (`cargo clippy` with Rex's lints) when a file is saved.",
    ),
    Setting(
        "features",
        Kind.STRINGS,
        [],
        "Cargo features to check and build with, the same in every tier.",
        metadata=True,
    ),
    Setting(
        "rules",
        Kind.TABLE,
        {},
        "Level of an advice rule by its name: `off`, `hint`, `information`, `warning` or "
        "`error`. Safety rules are always errors.",
        metadata=True,
    ),
    Setting(
        allow_list.KEY,
        Kind.TABLES,
        [],
        "Crates that the rule `dependency` lets pass, each as "
        '`{ name = "…", version = "…", reason = "…" }`. Part of the project, so that everybody '
        "who builds it reads the same reasons.",
        metadata=True,
        project_only=True,
    ),
    Setting("lens.enable", Kind.BOOLEAN, True, "Show code lenses above programs."),
    Setting(
        "inlayHints.stack",
        Kind.BOOLEAN,
        True,
        "Show beside each function's signature its frame and the deepest path below it, as the "
        "last build measured them.",
    ),
    Setting(
        "inlayHints.panics",
        Kind.BOOLEAN,
        False,
        "Mark each line where the optimiser left a panic.",
    ),
    Setting(
        "trace.log",
        Kind.BOOLEAN,
        True,
        "Write what programs print to the editor's log, each line with its program's name.",
    ),
    Setting(
        "diagnostics.limit",
        Kind.INTEGER,
        200,
        "The most diagnostics shown for one file; the rest is counted in one line.",
        minimum=10,
        maximum=5000,
    ),
    Setting(
        "run.target",
        Kind.STRING,
        "sim",
        "Where Load, Attach and Run go: a target that `rexrt` offers.",
    ),
    Setting(
        "rustAnalyzer.active",
        Kind.BOOLEAN,
        False,
        "rust-analyzer serves the same files: publish only findings of Rex's rules, and the "
        "compiler's other errors only after a failed build.",
    ),
    Setting(
        "runtime.rexrt",
        Kind.STRING,
        "",
        "The rexrt to start instead of the one installed with rex. Read from user settings only.",
        user_only=True,
    ),
)

_PERSONAL = (Layer.USER, Layer.FLAG)
BY_KEY: Mapping[str, Setting] = {setting.key: setting for setting in SETTINGS}
RULE_LEVELS = ("off", "hint", "information", "warning", "error")


@dataclass
class Settings:
    """The values of all layers; :meth:`get` gives the one that counts."""

    layers: dict[Layer, dict[str, Any]] = field(default_factory=dict)

    def replace(self, layer: Layer, values: Any) -> list[str]:
        """Put ``values`` (nested or dotted keys) in the place of a layer; return its problems."""
        problems: list[str] = []
        accepted: dict[str, Any] = {}
        if not isinstance(values, Mapping):
            if values is not None:
                problems.append(f"expected an object of settings, found {values!r}")
            values = {}
        for key, value in _flatten(values):
            setting = BY_KEY.get(key)
            if setting is None:
                problems.append(f"rex.{key} is not a setting")
                continue
            if value is None:
                continue
            problem = _not_here(setting, layer, value) or setting.problem(value)
            if problem is not None:
                problems.append(problem)
            elif not setting.user_only or layer in _PERSONAL:
                accepted[key] = value
        self.layers[layer] = accepted
        return problems

    def get(self, key: str) -> Any:
        """The value of the strongest layer that has one; ``key`` must be declared."""
        setting = BY_KEY[key]
        for layer in reversed(Layer):
            values = self.layers.get(layer)
            if values is not None and key in values:
                return values[key]
        return setting.default

    def with_layer(self, layer: Layer, values: Any) -> tuple[Settings, list[str]]:
        """These settings with one layer replaced, and the problems found in it."""
        copy = Settings(dict(self.layers))
        return copy, copy.replace(layer, values)


def _not_here(setting: Setting, layer: Layer, value: Any) -> str | None:
    if setting.user_only and layer not in _PERSONAL:
        if value == setting.default:
            return None
        return f"rex.{setting.key} names a program, only user settings can do that"
    if setting.project_only and layer is not Layer.METADATA:
        return f"rex.{setting.key} can only be set in [package.metadata.rex]"
    if layer is Layer.METADATA and not setting.metadata:
        return f"rex.{setting.key} cannot be set in [package.metadata.rex]"
    return None


def _flatten(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        key = f"{prefix}{name}"
        known = BY_KEY.get(key)
        if known is None and isinstance(value, Mapping) and _is_prefix(key):
            yield from _flatten(value, key + ".")
        else:
            yield key, value


def _is_prefix(key: str) -> bool:
    return any(known.startswith(key + ".") for known in BY_KEY)


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind is Kind.INTEGER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is Kind.STRING:
        return isinstance(value, str)
    if kind is Kind.TABLES:
        return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)
    if kind is Kind.STRINGS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(item, str) for name, item in value.items()
    )


def _words(kind: Kind) -> str:
    return {
        Kind.BOOLEAN: "true or false",
        Kind.INTEGER: "a whole number",
        Kind.STRING: "a text",
        Kind.STRINGS: "a list of texts",
        Kind.TABLE: "a table of texts",
        Kind.TABLES: "a list of tables",
    }[kind]
