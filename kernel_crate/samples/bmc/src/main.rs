// SPDX-License-Identifier: GPL-2.0-only
//! Answers memcached GETs over UDP from a cache in the kernel.
//!
//! A SET that comes in over UDP, and a reply of the server that goes out, fill the cache. A
//! GET all of whose keys are cached is turned into its reply and sent back; every other
//! packet goes on.

#![no_std]
#![no_main]

mod packet;
mod text;

use rex::map::*;
use rex::sched_cls::*;
use rex::spinlock::*;
use rex::utils::*;
use rex::xdp::*;
use rex::{rex_map, rex_printk, rex_tc, rex_xdp};

use packet::{Direction, PAYLOAD, is_memcached, turn_around};
use text::{keys_of_get, value_of_reply, value_of_set};

const BMC_CACHE_ENTRY_COUNT: u32 = 3_250_000;
const BMC_MAX_CACHE_DATA_SIZE: usize = 1500;
const BMC_MAX_KEY_LENGTH: usize = 250;
const BMC_MAX_KEY_IN_PACKET: u32 = 30;

const END: &[u8] = b"END\r\n";

/// A cached value as the server writes it: `VALUE key flags bytes\r\ndata\r\n`.
#[repr(C)]
#[derive(Copy, Clone)]
struct CacheEntry {
    lock: bpf_spin_lock,
    len: u32,
    valid: u32,
    hash: u32,
    data: [u8; BMC_MAX_CACHE_DATA_SIZE],
}

/// A key of the packet in hand.
#[repr(C)]
#[derive(Copy, Clone)]
struct MemcachedKey {
    hash: u32,
    len: u32,
    data: [u8; BMC_MAX_KEY_LENGTH],
}

#[repr(C)]
#[derive(Copy, Clone)]
struct Stats {
    get_recv_count: u32,
    set_recv_count: u32,
    hit_count: u32,
    miss_count: u32,
    update_count: u32,
}

#[rex_map]
static map_kcache: RexArrayMap<CacheEntry> = RexArrayMap::new(BMC_CACHE_ENTRY_COUNT, 0);

#[rex_map]
static map_keys: RexPerCPUArrayMap<MemcachedKey> = RexPerCPUArrayMap::new(BMC_MAX_KEY_IN_PACKET, 0);

#[rex_map]
static map_stats: RexPerCPUArrayMap<Stats> = RexPerCPUArrayMap::new(1, 0);

/// FNV-1a.
fn hash_of(key: &[u8]) -> u32 {
    key.iter().fold(2_166_136_261, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(16_777_619)
    })
}

/// Whether the text of a value is that of `key`.
fn is_value_of(data: &[u8], key: &[u8]) -> bool {
    data.strip_prefix(b"VALUE ")
        .and_then(|rest| rest.strip_prefix(key))
        .is_some_and(|rest| rest.first() == Some(&b' '))
}

/// Caches the value of `key`, whose text is given in parts. Whether it fitted.
fn store(key: &[u8], parts: &[&[u8]]) -> bool {
    let hash = hash_of(key);
    let index = hash % BMC_CACHE_ENTRY_COUNT;
    let Some(entry) = map_kcache.get_mut(&index) else {
        return false;
    };
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.valid = 0;
    let mut end = 0;
    for part in parts {
        let Some(place) = entry.data.get_mut(end..end + part.len()) else {
            return false;
        };
        place.copy_from_slice(part);
        end += part.len();
    }
    entry.len = end as u32;
    entry.hash = hash;
    entry.valid = 1;
    true
}

/// Puts the keys of a GET into `map_keys`. Gives how many there are and how many bytes their
/// values have; nothing if one of them is not cached.
fn look_up(obj: &xdp, line: &[u8]) -> Option<(u32, usize)> {
    let mut count = 0;
    let mut bytes = 0;
    for word in keys_of_get(line)? {
        let key = obj.bpf_map_lookup_elem(&map_keys, &count)?;
        key.hash = hash_of(word);
        key.len = word.len() as u32;
        key.data.get_mut(..word.len())?.copy_from_slice(word);

        let index = key.hash % BMC_CACHE_ENTRY_COUNT;
        let entry = obj.bpf_map_lookup_elem(&map_kcache, &index)?;
        let _guard = rex_spinlock_guard::new(&mut entry.lock);
        if entry.valid == 0 || entry.hash != key.hash || !is_value_of(&entry.data, word) {
            return None;
        }
        bytes += entry.len as usize;
        count += 1;
    }
    (count > 0).then_some((count, bytes))
}

/// Writes the values of the keys in `map_keys` into the packet. Gives nothing if one of them
/// changed since it was looked up.
fn write_values(obj: &xdp, ctx: &mut xdp_md, count: u32) -> Option<()> {
    let mut at = PAYLOAD;
    for number in 0..count {
        let key = obj.bpf_map_lookup_elem(&map_keys, &number)?;
        let name = key.data.get(..key.len as usize)?;
        let index = key.hash % BMC_CACHE_ENTRY_COUNT;
        let entry = obj.bpf_map_lookup_elem(&map_kcache, &index)?;
        let _guard = rex_spinlock_guard::new(&mut entry.lock);
        if entry.valid == 0 || !is_value_of(&entry.data, name) {
            return None;
        }
        let value = entry.data.get(..entry.len as usize)?;
        ctx.data_slice
            .get_mut(at..at + value.len())?
            .copy_from_slice(value);
        at += value.len();
    }
    let rest = ctx.data_slice.get_mut(at..)?;
    (rest.len() == END.len()).then(|| rest.copy_from_slice(END))
}

fn answer(obj: &xdp, ctx: &mut xdp_md, count: u32, bytes: usize) -> Result {
    let length = PAYLOAD + bytes + END.len();
    obj.bpf_xdp_adjust_tail(ctx, length as i32 - ctx.data_length() as i32)?;
    if write_values(obj, ctx, count).is_none() {
        // The question is gone; over UDP the client asks again.
        return Ok(XDP_DROP as i32);
    }

    {
        let eth_header: &mut ethhdr = &mut obj.eth_header(ctx);
        for i in 0..6 {
            core::mem::swap(&mut eth_header.h_dest[i], &mut eth_header.h_source[i]);
        }
    }
    let mut ip_header_mut = obj.ip_header(ctx);
    turn_around(&mut ip_header_mut, length);
    ip_header_mut.check = compute_ip_checksum(&mut ip_header_mut);
    drop(ip_header_mut);

    let mut udp_header = obj.udp_header(ctx);
    let port = udp_header.source;
    udp_header.source = udp_header.dest;
    udp_header.dest = port;
    udp_header.len = ((length - packet::UDP) as u16).to_be();
    udp_header.check = 0;
    drop(udp_header);
    Ok(XDP_TX as i32)
}

#[rex_xdp]
fn xdp_rx_filter(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if !is_memcached(ctx.data_slice, Direction::ToServer) {
        return Ok(XDP_PASS as i32);
    }
    let stats = obj
        .bpf_map_lookup_elem(&map_stats, &0)
        .ok_or(XDP_PASS as i32)?;
    let line = &ctx.data_slice[PAYLOAD..];

    if let Some(set) = value_of_set(line) {
        stats.set_recv_count += 1;
        let parts: [&[u8]; 8] = [
            b"VALUE ", set.key, b" ", set.flags, b" ", set.length, b"\r\n", set.data,
        ];
        if store(set.key, &parts) {
            stats.update_count += 1;
        }
        return Ok(XDP_PASS as i32);
    }
    if !line.starts_with(b"get ") {
        return Ok(XDP_PASS as i32);
    }
    stats.get_recv_count += 1;
    let Some((count, bytes)) = look_up(obj, line) else {
        stats.miss_count += 1;
        return Ok(XDP_PASS as i32);
    };
    stats.hit_count += count;
    answer(obj, ctx, count, bytes).or_else(|error| {
        rex_printk!("the reply has no room: {}", error)?;
        Ok(XDP_PASS as i32)
    })
}

#[rex_tc]
fn xdp_tx_filter(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    if (skb.len() as usize) <= PAYLOAD || !is_memcached(skb.data_slice, Direction::FromServer) {
        return Ok(TC_ACT_OK as i32);
    }
    let stats = obj
        .bpf_map_lookup_elem(&map_stats, &0)
        .ok_or(TC_ACT_OK as i32)?;
    if let Some((key, value)) = value_of_reply(&skb.data_slice[PAYLOAD..])
        && store(key, &[value])
    {
        stats.update_count += 1;
    }
    Ok(TC_ACT_OK as i32)
}
