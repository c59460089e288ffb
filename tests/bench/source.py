# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Extensions of any length to measure with: the shapes of real ones, over and over.

Four kinds of unit follow each other: a kprobe with its map and helpers, an XDP filter, a
tracepoint, and an inline module without a program. With `mistakes` every eighth unit breaks
a rule; without them the text compiles and is clean.
"""

from __future__ import annotations

from string import Template

HEAD = """\
// SPDX-License-Identifier: GPL-2.0-only
//! Watches system calls and packets; generated for measurements.

#![no_std]
#![no_main]
#![allow(dead_code, non_upper_case_globals)]

use rex::kprobe::kprobe;
use rex::map::{RexArrayMap, RexHashMap};
use rex::pt_regs::PtRegs;
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::xdp::*;
use rex::{Result, rex_kprobe, rex_map, rex_printk, rex_tracepoint, rex_xdp};

"""

_KPROBE = Template("""\
/// What is known about the calls of one thread, unit $n.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct Usage$n {
    calls: u64,
    bytes: u64,
    last: u32,
    flags: u32,
}

impl Usage$n {
    const EMPTY: Self = Self {
        calls: 0,
        bytes: 0,
        last: 0,
        flags: 0,
    };

    /// Counts one call that moves `bytes` bytes.
    fn note(&mut self, bytes: u64, last: u32) {
        self.calls = self.calls.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        if last > self.last {
            self.last = last;
        }
    }

    fn is_busy(&self, limit: u64) -> bool {
        self.calls > limit && self.bytes / self.calls > u64::from(self.flags)
    }
}

/// Calls by thread id.
#[rex_map]
static usage_$n: RexHashMap<i32, Usage$n> = RexHashMap::new(1024, 0);

#[rex_map]
static sizes_$n: RexArrayMap<u64> = RexArrayMap::new(64, 0);

/// The place of a size in the histogram: its number of binary digits.
fn bucket_$n(value: u64) -> u32 {
    let mut left = value;
    let mut digits = 0;
    while left > 0 && digits < 63 {
        left >>= 1;
        digits += 1;
    }
    digits
}

#[rex_kprobe(function = "__x64_sys_write")]
fn on_write_$n(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let task = obj.bpf_get_current_task().ok_or(0)?;
    let pid = task.get_pid();
    let size = ctx.rdx() & 0xffff;
    let bucket = bucket_$n(size);
    if let Some(count) = sizes_$n.get_mut(&bucket) {
        *count += 1;
    }
$mistake    match usage_$n.get_mut(&pid) {
        Some(usage) => {
            usage.note(size, bucket);
            if usage.is_busy(100) {
                rex_printk!("thread {} is busy: {} calls\\n", pid, usage.calls)?;
            }
        }
        None => {
            let mut usage = Usage$n::EMPTY;
            usage.note(size, bucket);
            usage_$n.insert(&pid, &usage)?;
        }
    }
    Ok(0)
}

""")
_XDP = Template("""\
/// How many packets of each protocol filter $n let through, and how many it dropped.
#[rex_map]
static packets_$n: RexArrayMap<u64> = RexArrayMap::new(256, 0);

const LIMIT_$n: u64 = 1_000 + $n;

/// Whether a port is one that filter $n watches.
fn is_watched_$n(port: u16) -> bool {
    matches!(port, 22 | 53 | 80 | 443 | 8080) || (30_000..30_100).contains(&port)
}

fn port_of_$n(data: &[u8]) -> Option<u16> {
    let high = *data.get(36)?;
    let low = *data.get(37)?;
    // Network byte order: the high byte comes first.
    Some(u16::from_be_bytes([high, low]))
}

#[rex_xdp]
fn filter_$n(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if ctx.data_length() < 42 {
        return Ok(XDP_PASS as i32);
    }
    let protocol = u32::from(ctx.data_slice[23]);
    let Some(count) = obj.bpf_map_lookup_elem(&packets_$n, &protocol) else {
        return Ok(XDP_PASS as i32);
    };
    *count += 1;
$mistake    let verdict = match (protocol, port_of_$n(&ctx.data_slice)) {
        (IPPROTO_TCP, Some(port)) if is_watched_$n(port) => XDP_PASS,
        (IPPROTO_UDP, Some(port)) if port == 53 && *count > LIMIT_$n => {
            rex_printk!("unit $n: {} packets of {}\\n", *count, protocol)?;
            XDP_DROP
        }
        _ => XDP_PASS,
    };
    Ok(verdict as i32)
}

""")
_TRACEPOINT = Template("""\
/// The last calls of `dup`, by CPU; unit $n.
#[rex_map]
static recent_$n: RexHashMap<u32, [u64; 8]> = RexHashMap::new(256, 0);

fn shifted_$n(before: &[u64; 8], value: u64) -> [u64; 8] {
    let mut after = [value; 8];
    for (index, old) in before.iter().take(7).enumerate() {
        after[index + 1] = *old;
    }
    after
}

#[rex_tracepoint]
fn on_dup_$n(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &'static SyscallsEnterDupCtx) -> Result {
    let cpu = obj.bpf_get_smp_processor_id() as u32;
    let fildes = ctx.fildes;
    let after = match recent_$n.get_mut(&cpu) {
        Some(before) => shifted_$n(before, fildes),
        None => [fildes; 8],
    };
$mistake    recent_$n.insert(&cpu, &after)?;
    if after.iter().all(|one| *one == fildes) {
        rex_printk!("unit $n, CPU {}: descriptor {} again\\n", cpu, fildes)?;
    }
    Ok(0)
}

""")
_MODULE = Template("""\
/// What the programs of unit $n share.
pub mod shared_$n {
    use super::*;

    /// Why a packet is dropped: \u201ctoo long\u201d, \u201cunknown\u201d or \u201climited\u201d.
    #[derive(Copy, Clone, PartialEq, Eq)]
    pub enum Reason {
        TooLong,
        Unknown { protocol: u8 },
        Limited(u32),
    }

    impl Reason {
        pub fn code(self) -> u32 {
            match self {
                Self::TooLong => 1,
                Self::Unknown { protocol } => 256 + u32::from(protocol),
                Self::Limited(rate) => 65_536 + rate,
            }
        }
    }

    pub trait Weighed {
        fn weight(&self) -> u64;
        fn is_heavy(&self) -> bool {
            self.weight() > 4_096
        }
    }

    impl Weighed for [u8] {
        fn weight(&self) -> u64 {
            self.len() as u64
        }
    }

    /// The sum of the bytes, as sixteen bits that wrap.
    pub fn checksum(data: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in data.chunks(2) {
            let word = match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                [last] => u16::from_be_bytes([*last, 0]),
                _ => 0,
            };
            sum += u32::from(word);
        }
$mistake        (sum as u16).wrapping_add((sum >> 16) as u16)
    }

    pub fn first_nonzero(values: &[u64]) -> Option<usize> {
        let mut index = 0;
        loop {
            if *values.get(index)? != 0 {
                return Some(index);
            }
            index += 1;
        }
    }
}

""")
_UNITS = (_KPROBE, _XDP, _TRACEPOINT, _MODULE)
_MISTAKES = (
    "    core::mem::forget(obj);\n",
    "    let _ratio = 0.5;\n",
    "    unsafe { core::hint::unreachable_unchecked() };\n",
    "        loop {}\n",
)
_EVERY = 8


def extension(lines: int, *, mistakes: bool = True) -> str:
    """The text of an extension of about `lines` lines, ended after a whole unit."""
    text = [HEAD]
    length = HEAD.count("\n")
    number = 0
    while length < lines:
        unit = _UNITS[number % 4]
        wrong = mistakes and number % _EVERY == (number // _EVERY) % 4
        text.append(unit.substitute(n=number, mistake=_MISTAKES[number % 4] if wrong else ""))
        length += text[-1].count("\n")
        number += 1
    return "".join(text)
