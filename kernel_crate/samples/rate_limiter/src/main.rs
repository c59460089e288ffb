// SPDX-License-Identifier: GPL-2.0-only
//! Lets each source send a few packets every ten seconds, however many sources there are.
//! Networks on a list, which is written from outside, are never held back.

#![no_std]
#![no_main]

use rex::linux::bpf::BPF_F_NO_PREALLOC;
use rex::map::{LpmKey, RexLpmTrie, RexLruHashMap, RexPerCPUHashMap};
use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_printk, rex_xdp};

/// Packets of a source in one period.
const BURST: u32 = 4;
const PERIOD_NS: u64 = 10_000_000_000;

/// What a source did in the period that began at `since`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Budget {
    since: u64,
    sent: u32,
    dropped: u32,
}

/// Whether the sources of a network have a budget.
#[derive(Clone, Copy)]
#[repr(u32)]
#[expect(dead_code, reason = "the list is written from outside")]
enum Policy {
    Limited = 0,
    Allowed = 1,
}

/// Policies of networks; the longest prefix that fits counts.
#[rex_map]
static networks: RexLpmTrie<LpmKey<4>, Policy> = RexLpmTrie::new(64, BPF_F_NO_PREALLOC);

/// Sources by address. Who was silent longest makes room.
#[rex_map]
static sources: RexLruHashMap<[u8; 4], Budget> = RexLruHashMap::new(1024, 0);

/// Packets by verdict, counted by each CPU for itself.
#[rex_map]
static verdicts: RexPerCPUHashMap<u32, u64> = RexPerCPUHashMap::new(2, 0);

fn allowed(address: [u8; 4]) -> bool {
    matches!(
        networks.get_mut(&LpmKey::full(address)),
        Some(Policy::Allowed)
    )
}

/// Counts a packet of a source against its budget.
fn within_budget(obj: &xdp, address: [u8; 4]) -> core::result::Result<bool, i32> {
    let now = obj.bpf_ktime_get_ns();
    let fresh = Budget {
        since: now,
        sent: 0,
        dropped: 0,
    };
    if !sources.contains(&address) {
        sources.insert(&address, &fresh)?;
    }
    let Some(budget) = sources.get_mut(&address) else {
        // Evicted by another CPU just now.
        return Ok(true);
    };
    if now.wrapping_sub(budget.since) > PERIOD_NS {
        *budget = fresh;
    }
    if budget.sent < BURST {
        budget.sent += 1;
        return Ok(true);
    }
    budget.dropped += 1;
    if budget.dropped == 1 {
        report();
    }
    Ok(false)
}

/// Says how many sources there are, and how many of them send too much.
fn report() {
    let (mut all, mut held_back) = (0, 0);
    let mut cursor = sources.cursor();
    while let Some((_, budget)) = cursor.next() {
        all += 1;
        held_back += u32::from(budget.dropped > 0);
    }
    let _ = rex_printk!("{} of {} sources are held back\n", held_back, all);
}

fn count(verdict: u32) -> Result {
    match verdicts.get_mut(&verdict) {
        Some(count) => *count += 1,
        // Another CPU may be first: then this one's count is lost, which is no reason to
        // lose the packet.
        None => drop(verdicts.insert_new(&verdict, &1)),
    }
    Ok(verdict as i32)
}

#[rex_xdp]
fn rate_limiter(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Some(ip) = obj.try_ip_header(ctx) else {
        return count(XDP_PASS);
    };
    let source = ip.src_addr().octets();
    drop(ip);
    if allowed(source) || within_budget(obj, source)? {
        count(XDP_PASS)
    } else {
        count(XDP_DROP)
    }
}
