# SPDX-License-Identifier: Apache-2.0 OR MIT
"""An extension whose machine code is known well enough to ask for, and how to ask."""

from __future__ import annotations

from .raw import Json, Raw

SOURCE = """\
#![no_std]
#![no_main]
// héllo 😀
mod deep;
use core::hint::black_box;
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_xdp};

#[inline(never)]
fn room(x: u64) -> u64 {
    let mut room = [x as u8; 320];
    u64::from(black_box(&mut room)[1]) + deep::small(x)
}

#[inline(never)]
fn down(x: u64) -> u64 {
    if x == 0 { 0 } else { down(x - 1) ^ black_box(x) } // recurses
}

#[rex_xdp]
fn plain(_: &xdp, ctx: &mut xdp_md) -> Result {
    let é = ctx.data_length() as u64;
    let _face = "😀"; Ok(room(é) as i32)
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
DEEP = """\
use core::hint::black_box;

#[inline(never)]
pub fn small(x: u64) -> u64 {
    black_box(x) + 1
}
"""
STACK = r"stack [\d,]+ B of 16 KiB · exact · built \d+ (s|min) ago"


def line_of(text: str, needle: str) -> int:
    """The number, from 0, of the first line that has `needle`."""
    return next(n for n, line in enumerate(text.splitlines()) if needle in line)


async def lenses(server: Raw, uri: str) -> dict[int, dict[str, str]]:
    """Titles of a file's lenses by line and command."""
    found = await server.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    by_line: dict[int, dict[str, str]] = {}
    for lens in found:
        start: Json = lens["range"]["start"]
        command = lens["command"]
        by_line.setdefault(start["line"], {})[command["command"]] = command["title"]
    return by_line
