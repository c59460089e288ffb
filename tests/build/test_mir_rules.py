# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rules over the real compiler's MIR: what no name in the source gives away."""

from __future__ import annotations

from pathlib import Path

import pytest

from rex_lsp.build import build, check
from rex_lsp.rules.finding import Severity
from tests.build.crates import SOURCE, write_crate

HIDDEN = (
    SOURCE
    + """\
use rex::spinlock::{bpf_spin_lock, rex_spinlock_guard};
pub struct Guard(u32);
impl Drop for Guard { fn drop(&mut self) {} }
macro_rules! make { ($m:ident) => { pub static $m COUNT: u32 = 0; }; } //~ rex::static_mut
make!(mut);
pub fn plain() -> core::mem::MaybeUninit<[u8; 4]> {
    core::mem::MaybeUninit::uninit() //~ fine
}
pub fn float(n: u32) -> u32 {
    let d = core::time::Duration::from_millis(u64::from(n));
    let s = d.as_secs_f32(); //~ rex::float_or_simd
    u32::from(s > core::hint::black_box(Default::default())) //~ rex::float_or_simd
}
pub fn text() -> &'static str { "f32 and 1.5" } //~ fine
fn take(lock: &mut bpf_spin_lock) {
    let _held = rex_spinlock_guard::new(lock);
}
pub fn branches(a: &mut bpf_spin_lock, b: &mut bpf_spin_lock, n: u32) {
    let first = rex_spinlock_guard::new(a);
    if n > 1 {
        drop(first);
    } else {
        take(b); //~ rex::one_lock
        return;
    }
    take(b); //~ fine
}
fn through(lock: &mut bpf_spin_lock) { take(lock); }
pub fn deep(a: &mut bpf_spin_lock, b: &mut bpf_spin_lock) {
    let _first = rex_spinlock_guard::new(a);
    through(b); //~ rex::one_lock
}
pub fn kept(a: &mut bpf_spin_lock, b: &mut bpf_spin_lock, n: u32) {
    let first = Some(rex_spinlock_guard::new(a));
    let moved = first;
    for _ in 0..n {
        let _second = rex_spinlock_guard::new(b); //~ rex::one_lock
    }
    drop(moved);
    let _third = rex_spinlock_guard::new(b); //~ fine
}
fn extend<'a, 'b, T>(_: &'a &'b (), value: &'b T) -> &'a T { value }
pub fn forever<'a, 'b, T>(value: &'a T) -> &'b T {
    let pointer: for<'x> fn(_, &'x T) -> &'b T = extend; //~ rex::known_unsound
    const UNIT: &'static &'static () = &&();
    pointer(UNIT, value)
}
fn same<'a, T>(_: &&u8, value: &'a T) -> &'a T { value }
pub fn pointers(value: &u8) -> u8 {
    let pointer: for<'x> fn(&&u8, &'x u8) -> &'x u8 = same; //~ fine
    *pointer(&&1, value)
}
pub fn address(value: &u64) -> usize {
    let pointer: *const u64 = value;
    // rex: allow(pointer_as_data): it is only compared
    let compared = pointer as usize; //~ fine
    compared ^ pointer.addr() //~ rex::pointer_as_data
}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)] //~ fine
pub enum Kind { #[default] A, B }
pub fn rows(a: &mut bpf_spin_lock, b: &mut bpf_spin_lock) {
    {
        let _one = rex_spinlock_guard::new(a);
    }
    let two = rex_spinlock_guard::new(b); //~ fine
    let _three = move || drop(two);
}
"""
)


LEAKING = (
    SOURCE
    + """\
pub struct Guard(u32);
impl Drop for Guard { fn drop(&mut self) {} }
macro_rules! alias { ($a:ident $b:ident) => { type Slot<T> = core::$a::$b<T>; }; }
alias!(mem MaybeUninit);
pub fn slots(guard: Guard) {
    let mut slot = Slot::uninit();
    slot.write(guard); //~ rex::leak
}
"""
)


@pytest.mark.parametrize("built", [True, False], ids=["build", "check"])
@pytest.mark.parametrize("source", [HIDDEN, LEAKING], ids=["hidden", "leaking"])
async def test_true_types_tell(tmp_path: Path, source: str, built: bool) -> None:
    crate = write_crate(tmp_path, {"src/main.rs": source})
    result = await (build(crate) if built else check(crate))
    path = crate / "src/main.rs"
    data = path.read_bytes()
    found = {
        (data.count(b"\n", 0, f.span.start) + 1, f.code)
        for f in result.findings.get(path, [])
        if f.code.startswith("rex::") or f.severity is Severity.ERROR
    }
    expected = {
        (number, line.partition("//~ ")[2])
        for number, line in enumerate(source.splitlines(), 1)
        if "//~ rex::" in line
    }
    assert found == expected, result.log
