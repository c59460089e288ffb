# SPDX-License-Identifier: Apache-2.0 OR MIT
"""An extension whose programs differ in what their machine code says, and those who read it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

from rex_lsp.build.locations import native
from tests.cli.command import SCHEMAS

SOURCE = """\
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_printk, rex_xdp};

#[inline(never)]
fn room(x: u64) -> u64 {
    let mut room = [x as u8; 320];
    u64::from(black_box(&mut room)[1])
}

#[inline(never)]
fn down(x: u64) -> u64 {
    if x == 0 { 0 } else { down(x - 1) ^ black_box(x) } // recurses
}

#[rex_xdp]
fn plain(_: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(room(ctx.data_length() as u64) as i32)
}

#[rex_xdp]
fn prints(_: &xdp, ctx: &mut xdp_md) -> Result {
    rex_printk!("{:#?}", ctx.data_length()) // prints
}

#[rex_xdp]
fn recursive(_: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(down(ctx.data_length() as u64) as i32)
}

#[rex_xdp]
fn panics(_: &xdp, ctx: &mut xdp_md) -> Result {
    let table = black_box([1, 2, 3]);
    Ok(table[ctx.data_length()]) // bounds
}
"""


def line(mark: str) -> int:
    """One-based number of the line of `SOURCE` that ends in `// mark`."""
    return next(n for n, text in enumerate(SOURCE.splitlines(), 1) if text.endswith(f"// {mark}"))


def rexrt(schema: str, *arguments: str) -> Any:
    """The document that `rexrt ARGUMENTS` prints, valid by its schema."""
    ended = subprocess.run(
        [str(native("rexrt")), *arguments], capture_output=True, text=True, check=False
    )
    document = json.loads(ended.stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return document


def objdump(elf: Path) -> Iterator[tuple[int, str]]:
    """Address and text of every instruction, as binutils read them."""
    ended = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", "-j", ".text", str(elf)],
        capture_output=True,
        text=True,
        check=True,
    )
    for row in ended.stdout.splitlines():
        address, tab, text = row.strip().partition(":\t")
        if tab:
            yield int(address, 16), text
