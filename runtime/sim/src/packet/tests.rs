// SPDX-License-Identifier: GPL-2.0-only
use super::*;
use crate::errno::Errno;

fn traffic(packet: &Packet) -> rex_skb_ctx {
    // SAFETY: no program runs.
    unsafe { *packet.traffic() }
}

#[test]
fn tail_moves_within_the_page() {
    let packet = Packet::new(&[7; 60], Ingress::default());
    packet.adjust_tail(-46).unwrap();
    assert_eq!(packet.data(), [7; 14]);
    assert_eq!(packet.adjust_tail(-1), Err(Errno::EINVAL));
    packet.adjust_tail(2).unwrap();
    assert_eq!(packet.data()[12..], [7, 7, 0, 0]);
    let room = (4096 - HEADROOM - TAILROOM - 16) as i32;
    assert_eq!(packet.adjust_tail(room + 1), Err(Errno::EINVAL));
    packet.adjust_tail(room).unwrap();
    assert_eq!(packet.data().len(), 3520);
}

#[test]
fn head_moves_with_its_metadata() {
    let packet = Packet::new(&[7; 60], Ingress::default());
    packet.adjust_meta(-8).unwrap();
    // SAFETY: no program runs; the area has 8 bytes.
    let meta = || unsafe {
        let context = *packet.context();
        assert_eq!(context.data - context.data_meta, 8);
        std::slice::from_raw_parts_mut(context.data_meta as *mut u8, 8)
    };
    meta().copy_from_slice(b"metadata");
    packet.adjust_head(-20).unwrap();
    assert_eq!(meta(), b"metadata");
    assert_eq!((packet.data().len(), packet.data()[20]), (80, 7));
    packet.adjust_head(66).unwrap();
    assert_eq!(meta(), b"metadata");
    assert_eq!(packet.data(), [7; 14]);
    assert_eq!(packet.adjust_head(1), Err(Errno::EINVAL));
    assert_eq!(packet.adjust_head(i32::MIN), Err(Errno::EINVAL));
}

#[test]
fn traffic_control_sees_what_xdp_left() {
    let mut data = [3; 60];
    data[12..14].copy_from_slice(&[0x86, 0xdd]);
    let ingress = Ingress {
        ifindex: 4,
        queue: 2,
    };
    let packet = Packet::new(&data, ingress);
    packet.adjust_tail(-10).unwrap();
    packet.adjust_meta(-4).unwrap();
    let context = traffic(&packet);
    assert_eq!(context.data_end - context.data, 50);
    assert_eq!(context.data - context.data_meta, 4);
    assert_eq!((context.len, context.data_len), (50, 0));
    assert_eq!(u16::from_be(context.protocol), 0x86dd);
    assert_eq!((context.ifindex, context.queue_mapping), (4, 3));
    assert_eq!(context.pkt_type, 2, "multicast");
}

#[test]
fn what_a_traffic_program_leaves_the_next_one_finds() {
    let packet = Packet::new(&[0; 60], Ingress::default());
    // SAFETY: no program runs.
    unsafe { (*packet.traffic()).mark = 7 };
    packet.change_tail(20, 0).unwrap();
    let context = traffic(&packet);
    assert_eq!((context.mark, context.len), (7, 20));
    assert_eq!(packet.mark(), 7);
}

#[test]
fn a_long_tail_moves_the_packet() {
    let packet = Packet::new(&[5; 60], Ingress::default());
    let before = traffic(&packet).data;
    packet.change_tail(16_064, 0).unwrap();
    let after = traffic(&packet);
    assert_ne!(after.data, before);
    assert_eq!(after.data_end - after.data, 16_064);
    assert_eq!(packet.data()[..60], [5; 60]);
    assert!(packet.data()[60..].iter().all(|byte| *byte == 0));
}

#[test]
fn copies_are_kept_and_the_memory_is_private_again() {
    let packet = Packet::new(&[1; 60], Ingress::default());
    let before = traffic(&packet).data;
    packet.clone_redirect(3, 0).unwrap();
    assert_ne!(traffic(&packet).data, before);
    packet.skb_store(0, &[2; 6], 0).unwrap();
    let copies = packet.copies();
    assert_eq!((copies.len(), copies[0].to.ifindex), (1, 3));
    assert_eq!(copies[0].data, [1; 60]);
}

#[test]
fn what_cannot_be_sent_says_so() {
    let refuse = |_: u32, _: &[u8]| Err(Errno(libc::ENETDOWN));
    let packet = Packet::among(Outside::real(refuse), &[1; 60], Ingress::default());
    let before = traffic(&packet).data;
    assert_eq!(packet.clone_redirect(2, 0), Err(Errno(libc::ENETDOWN)));
    assert_ne!(traffic(&packet).data, before, "a failure moves it as well");
    assert_eq!(packet.clone_redirect(0, 0), Err(Errno::EINVAL));
    assert_eq!(packet.clone_redirect(2, 1), Err(Errno::EOPNOTSUPP));
    assert_eq!(packet.clone_redirect(2, 2), Err(Errno::EINVAL));
    assert!(packet.copies().is_empty());
    let to = Redirect {
        ifindex: 2,
        flags: 0,
    };
    assert_eq!(packet.redirect(false, 2, 0), 7);
    let carried = packet.carry_out_redirect();
    assert_eq!(carried, Some((to, Err(Errno(libc::ENETDOWN)))));
    assert_eq!(packet.carry_out_redirect(), None);
}

#[test]
fn a_context_that_was_overwritten_does_no_harm() {
    let packet = Packet::new(&[1; 20], Ingress::default());
    // SAFETY: no program runs.
    unsafe { *packet.context() = rex_xdp_ctx::default() };
    assert_eq!(packet.data(), [1; 20]);
    packet.adjust_head(-4).unwrap();
    // SAFETY: as above.
    assert_ne!(unsafe { (*packet.context()).data }, 0);
}
