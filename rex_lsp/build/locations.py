# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Where rex keeps its own files: native programs, the kernel crate, caches.

In an installed wheel the native files are inside the package (`rex_lsp/_native`); in a
checkout they are in `.build/` and in `kernel_crate/`. `REX_NATIVE_DIR` names another
directory laid out as `_native` is.
"""

from __future__ import annotations

import os
from pathlib import Path

from rex_lsp.build.errors import CannotBuild

_PACKAGE = Path(__file__).resolve().parent.parent
_CHECKOUT = _PACKAGE.parent


class NativeMissing(CannotBuild):
    """A native file that belongs to this installation is not there."""

    def __init__(self, what: str, looked: list[Path]) -> None:
        places = ", ".join(str(place) for place in looked)
        in_checkout = (_CHECKOUT / "Makefile").is_file()
        super().__init__(
            f"{what} is not part of this installation (looked at {places})",
            ("make native" if in_checkout else "pip install --force-reinstall rex-lsp",),
        )


def _first(what: str, candidates: list[Path]) -> Path:
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise NativeMissing(what, candidates)


def _native_dirs(in_checkout: Path) -> list[Path]:
    override = os.environ.get("REX_NATIVE_DIR")
    if override:
        return [Path(override)]
    return [_PACKAGE / "_native", in_checkout]


def native(name: str) -> Path:
    """Path of the native program `name` (`rexrt`, `rex-rustc`); raises `NativeMissing`."""
    return _first(name, [d / "bin" / name for d in _native_dirs(_CHECKOUT / ".build")])


def kernel_crate() -> Path:
    """Directory that holds `rex/` and `rex-macros/`; raises `NativeMissing`."""
    override = os.environ.get("REX_NATIVE_DIR")
    if override and (Path(override) / "kernel_crate").is_dir():
        return Path(override) / "kernel_crate"
    return _first(
        "the kernel crate", [_PACKAGE / "_native/kernel_crate", _CHECKOUT / "kernel_crate"]
    )


def link_script() -> Path:
    """The linker script of an image; raises `NativeMissing`."""
    return _beside_image("the linker script", "link.ld")


def flag_list() -> Path:
    """The list of compiler and linker flags; raises `NativeMissing`."""
    return _beside_image("the list of compiler flags", "flags.txt")


def _beside_image(what: str, name: str) -> Path:
    """A file that stands in `runtime/image` of a checkout."""
    in_checkout = _CHECKOUT / "runtime/image"
    return _first(what, [d / name for d in (*_native_dirs(in_checkout), in_checkout)])


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/rex`, or `~/.cache/rex`; not created here."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "rex"
    return Path.home() / ".cache" / "rex"
