# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The faults that the demo types into a sample, and what a person types to mend the rest."""

from __future__ import annotations

import re

# Each is one line of source with the rule that it breaks.
IN_ROOT = {
    "rex::unstable_feature": "#![feature(never_type)]",
    "rex::std_or_alloc": "use std::cmp::min;",
    "rex::static_mut": "static mut CALLS: u64 = 0;",
}
IN_PROGRAM = {
    "rex::leak": "    let note = Note(7); /* é 😀 */ core::mem::forget(note);",
    "rex::unsafe_code": "    let few = unsafe { 3 + 4 };",
    "rex::float_or_simd": "    let share = 0.5;",
    "rex::unbounded_loop": "    loop { core::hint::spin_loop(); }",
}
SIGNATURE = "rex::program_signature"
CODES = {*IN_ROOT, *IN_PROGRAM, SIGNATURE}

_SUPPORT = "struct Note(#[expect(dead_code)] u32);\n"


def plant(source: str) -> str:
    """The source of a sample with one program, with every fault in it."""
    attributes = "\n".join(line for line in IN_ROOT.values() if line.startswith("#!"))
    items = "\n".join(line for line in IN_ROOT.values() if not line.startswith("#!"))
    body = "\n".join(IN_PROGRAM.values())
    source, count = re.subn(r"#!\[no_main\]\n", f"#![no_main]\n{attributes}\n", source)
    assert count == 1, "expected one #![no_main] in the sample"
    source, count = re.subn(
        r"(#\[rex_\w+[^\]]*\]\n)(fn [^{]*?)-> Result \{\n",
        lambda m: f"{items}\n\n{_SUPPORT}\n{m[1]}{m[2]}-> u32 {{\n{body}\n",
        source,
    )
    assert count == 1, "expected one program in the sample"
    return source
