// SPDX-License-Identifier: GPL-2.0-only
//! Packet programs that use what moves, sends and rewrites packets; the first byte of a
//! packet says what is done with it.

#![no_std]
#![no_main]

use rex::error::code;
use rex::linux::bpf::BPF_F_INGRESS;
use rex::sched_cls::{TC_ACT_OK, __sk_buff, sched_cls};
use rex::xdp::{XDP_PASS, XDP_REDIRECT, internet_checksum, xdp, xdp_md};
use rex::{Result, rex_printk, rex_tc, rex_xdp};

const PASS: Result = Ok(XDP_PASS as i32);

#[rex_xdp]
fn receives(obj: &xdp, ctx: &mut xdp_md) -> Result {
    match ctx.data_slice[0] {
        0x10 => Ok(obj.bpf_redirect(7, 0) as i32),
        0x12 => Ok(obj.bpf_redirect(7, 1) as i32),
        0x14 => Ok(XDP_REDIRECT as i32),
        0x16 => {
            obj.bpf_xdp_adjust_meta(ctx, -8)?;
            ctx.metadata_mut().copy_from_slice(b"metadata");
            obj.bpf_xdp_adjust_head(ctx, -20)?;
            ctx.data_slice[..20].fill(0xaa);
            ctx.data_slice[0] = 0x16;
            rex_printk!("{:?} {}\n", ctx.metadata(), ctx.data_length())?;
            let failed = obj.bpf_xdp_adjust_head(ctx, -300);
            // A failure refreshes as well.
            rex_printk!("{:?} {}\n", failed, ctx.data_slice[0])?;
            PASS
        }
        0x18 => {
            let mut bytes = [0; 4];
            obj.bpf_xdp_load_bytes(ctx, 1, &mut bytes)?;
            bytes.reverse();
            obj.bpf_xdp_store_bytes(ctx, 1, &bytes)?;
            let word: u32 = ctx.load(1)?;
            let beyond = ctx.load::<u64>(60) == Err(code::EINVAL);
            rex_printk!("{:x} {:?} {}\n", u32::from_be(word), &ctx.data_slice[1..5], beyond)?;
            PASS
        }
        _ => PASS,
    }
}

#[rex_tc]
fn handles(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    match skb.data_slice[0] {
        0x16 => {
            rex_printk!("{:?} {}\n", skb.metadata(), skb.len())?;
        }
        0x20 => {
            obj.bpf_clone_redirect(skb, 8, 0)?;
            skb.data_slice[1] = 1;
            obj.bpf_clone_redirect(skb, 9, BPF_F_INGRESS.into())?;
            skb.data_slice[1] = 2;
            let failed = obj.bpf_clone_redirect(skb, 0, 0);
            skb.data_slice[2] = 3;
            rex_printk!("{:?}\n", failed)?;
        }
        0x28 => {
            let ifindex = skb.ifindex();
            obj.bpf_clone_redirect(skb, ifindex, 0)?;
        }
        0x22 => return Ok(obj.bpf_redirect(7, BPF_F_INGRESS.into()) as i32),
        0x24 => {
            let before = internet_checksum(&skb.data_slice[2..]);
            let (old, new): (u32, u32) = (skb.load(8)?, 0x1234_5678);
            obj.bpf_l4_csum_replace(skb, 2, old.into(), new.into(), 4)?;
            obj.bpf_skb_store_bytes(skb, 8, &new.to_ne_bytes(), 0)?;
            let difference = obj.bpf_csum_diff(&skb.data_slice[12..16], &[9, 8, 7, 6], 0);
            obj.bpf_l3_csum_replace(skb, 2, 0, difference.into(), 0)?;
            skb.data_slice[12..16].copy_from_slice(&[9, 8, 7, 6]);
            rex_printk!("{}\n", internet_checksum(&skb.data_slice[2..]) == before)?;
        }
        0x26 => {
            obj.bpf_skb_change_tail(skb, 5000, 0)?;
            skb.data_slice[4999] = 0xbb;
            obj.bpf_skb_pull_data(skb, 5000)?;
            let mut bytes = [7; 4];
            let failed = obj.bpf_skb_load_bytes(skb, 4998, &mut bytes);
            rex_printk!("{:?} {:?} {}\n", failed, bytes, skb.len())?;
            obj.bpf_skb_change_tail(skb, 40, 0)?;
            skb.set_mark(skb.mark() + 5);
        }
        _ => {}
    }
    Ok(TC_ACT_OK as i32)
}
