// SPDX-License-Identifier: GPL-2.0-only
//! Compares what helpers do to a packet with the kernel's own: a program with the same calls
//! runs there through `BPF_PROG_TEST_RUN` on the same packet.
//!
//! Needs a user for whom bpf(2) works. Where it does not, the comparison says so and the
//! known answers of the other tests still hold.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::{Ingress, Packet, checksum};
use crate::errno::{Errno, result};
use crate::maps::oracle::{Random, bpf};

const PROG_LOAD: i64 = 5;
const PROG_TEST_RUN: i64 = 10;
const TYPE_TC: u32 = 3;
const TYPE_XDP: u32 = 6;
/// Where the calls keep bytes, below the frame pointer.
const BUFFER: i16 = -64;

/// Start of `union bpf_attr` for `BPF_PROG_LOAD`.
#[repr(C)]
#[derive(Default)]
struct LoadAttributes {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    rest: [u64; 15],
}

/// Start of `union bpf_attr` for `BPF_PROG_TEST_RUN`.
#[repr(C)]
#[derive(Default)]
struct RunAttributes {
    prog_fd: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    rest: [u64; 13],
}

/// One call. The first that fails ends the program with its error.
#[derive(Clone, Debug)]
enum Call {
    Head(i32),
    Meta(i32),
    Tail(i32),
    /// Ends the program with the first four of the bytes.
    XdpLoad(u32, u32),
    XdpStore(u32, Vec<u8>),
    /// Ends the program with the first four of the bytes, even if it failed.
    SkbLoad(u32, u32),
    SkbStore(u32, Vec<u8>, u64),
    L3(u32, u64, u64, u64),
    L4(u32, u64, u64, u64),
    Pull(u32),
    ChangeTail(u32, u64),
    Redirect(u32, u64),
}

use Call::*;

/// Machine code of the kernel's, one instruction a word.
#[derive(Default)]
struct Code(Vec<u64>);

impl Code {
    fn push(&mut self, opcode: u8, to: u8, from: u8, offset: i16, number: i32) {
        self.0.push(
            u64::from(opcode)
                | u64::from(to) << 8
                | u64::from(from) << 12
                | u64::from(offset as u16) << 16
                | u64::from(number as u32) << 32,
        );
    }

    fn constant(&mut self, to: u8, value: u64) {
        self.push(0x18, to, 0, 0, value as i32);
        self.push(0, 0, 0, 0, (value >> 32) as i32);
    }

    /// Calls a helper with the context and these arguments, then leaves if it failed.
    fn call(&mut self, helper: i32, arguments: &[Argument<'_>]) {
        self.push(0xbf, 1, 6, 0, 0);
        for (register, argument) in (2..).zip(arguments) {
            match argument {
                Argument::Number(value) => self.constant(register, *value),
                Argument::Bytes(bytes) => {
                    for (at, byte) in (BUFFER..).zip(bytes.iter()) {
                        self.push(0x72, 10, 0, at, i32::from(*byte));
                    }
                    self.push(0xbf, register, 10, 0, 0);
                    self.push(0x07, register, 0, 0, i32::from(BUFFER));
                }
            }
        }
        self.push(0x85, 0, 0, 0, helper);
    }

    fn leave_if_failed(&mut self) {
        self.push(0x15, 0, 0, 1, 0);
        self.push(0x95, 0, 0, 0, 0);
    }

    fn leave_with_bytes(&mut self) {
        self.push(0x61, 0, 10, BUFFER, 0);
        self.push(0x95, 0, 0, 0, 0);
    }
}

enum Argument<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn code(calls: &[Call]) -> Code {
    use Argument::{Bytes, Number};
    let mut code = Code::default();
    code.push(0xbf, 6, 1, 0, 0);
    let signed = |delta: i32| Number(i64::from(delta) as u64);
    let number = |value: u32| Number(value.into());
    for call in calls {
        match call {
            Head(delta) => code.call(44, &[signed(*delta)]),
            Meta(delta) => code.call(54, &[signed(*delta)]),
            Tail(delta) => code.call(65, &[signed(*delta)]),
            XdpLoad(offset, length) => {
                let zeros = [0; 64];
                code.call(189, &[number(*offset), Bytes(&zeros), number(*length)]);
                code.leave_if_failed();
                code.leave_with_bytes();
                // The kernel refuses code that is never reached.
                return code;
            }
            XdpStore(offset, bytes) => {
                let length = bytes.len() as u32;
                code.call(190, &[number(*offset), Bytes(bytes), number(length)]);
            }
            SkbLoad(offset, length) => {
                let ones = [1; 64];
                code.call(26, &[number(*offset), Bytes(&ones), number(*length)]);
                code.leave_with_bytes();
                return code;
            }
            SkbStore(offset, bytes, flags) => {
                let length = number(bytes.len() as u32);
                let arguments = [number(*offset), Bytes(bytes), length, Number(*flags)];
                code.call(9, &arguments);
            }
            L3(offset, from, to, flags) => {
                code.call(
                    10,
                    &[number(*offset), Number(*from), Number(*to), Number(*flags)],
                );
            }
            L4(offset, from, to, flags) => {
                code.call(
                    11,
                    &[number(*offset), Number(*from), Number(*to), Number(*flags)],
                );
            }
            Pull(length) => code.call(39, &[number(*length)]),
            ChangeTail(length, flags) => code.call(38, &[number(*length), Number(*flags)]),
            Redirect(ifindex, flags) => {
                // Takes no context.
                code.constant(1, (*ifindex).into());
                code.constant(2, *flags);
                code.push(0x85, 0, 0, 0, 23);
            }
        }
        code.leave_if_failed();
    }
    code.push(0xb7, 0, 0, 0, 0);
    code.push(0x95, 0, 0, 0, 0);
    code
}

/// What the kernel's program returns and leaves.
fn in_the_kernel(kind: u32, packet: &[u8], calls: &[Call]) -> Result<(u32, Vec<u8>), Errno> {
    let code = code(calls);
    let load = LoadAttributes {
        prog_type: kind,
        insn_cnt: code.0.len() as u32,
        insns: code.0.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        ..LoadAttributes::default()
    };
    let descriptor = bpf(PROG_LOAD, &load)?;
    // SAFETY: the descriptor was just made and is owned by nobody else.
    let program = unsafe { OwnedFd::from_raw_fd(descriptor as i32) };
    let mut out = vec![0; 1 << 15];
    // The kernel writes its answers into the attributes.
    let run = std::cell::UnsafeCell::new(RunAttributes {
        prog_fd: program.as_raw_fd() as u32,
        data_size_in: packet.len() as u32,
        data_size_out: out.len() as u32,
        data_in: packet.as_ptr() as u64,
        data_out: out.as_mut_ptr() as u64,
        repeat: 1,
        ..RunAttributes::default()
    });
    bpf(PROG_TEST_RUN, &run)?;
    let run = run.into_inner();
    out.truncate(run.data_size_out as usize);
    Ok((run.retval, out))
}

/// What ours returns and leaves, metadata in front as in the kernel's test run.
fn ours(kind: u32, packet: &[u8], calls: &[Call]) -> (u32, Vec<u8>) {
    let packet = Packet::new(packet, Ingress::default());
    if kind == TYPE_TC {
        packet.traffic();
    }
    let word = |bytes: &[u8]| u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    for call in calls {
        let done = match call {
            Head(delta) => packet.adjust_head(*delta),
            Meta(delta) => packet.adjust_meta(*delta),
            Tail(delta) => packet.adjust_tail(*delta),
            XdpLoad(offset, length) => {
                let mut bytes = [0; 64];
                match packet.xdp_load(*offset, &mut bytes[..*length as usize]) {
                    Ok(()) => return (word(&bytes), left(&packet)),
                    failed => failed,
                }
            }
            XdpStore(offset, bytes) => packet.xdp_store(*offset, bytes),
            SkbLoad(offset, length) => {
                let mut bytes = [1; 64];
                let _ = packet.skb_load(*offset, &mut bytes[..*length as usize]);
                return (word(&bytes), left(&packet));
            }
            SkbStore(offset, bytes, flags) => packet.skb_store(*offset, bytes, *flags),
            L3(offset, from, to, flags) => packet.l3_csum_replace(*offset, *from, *to, *flags),
            L4(offset, from, to, flags) => packet.l4_csum_replace(*offset, *from, *to, *flags),
            Pull(length) => packet.pull_data(*length),
            ChangeTail(length, flags) => packet.change_tail(*length, *flags),
            Redirect(ifindex, flags) => match packet.redirect(kind == TYPE_XDP, *ifindex, *flags) {
                0 => Ok(()),
                verdict => return (verdict, left(&packet)),
            },
        };
        if done.is_err() {
            return (result(done) as u32, left(&packet));
        }
    }
    (0, left(&packet))
}

fn left(packet: &Packet) -> Vec<u8> {
    let bounds = packet.bounds.get();
    packet.frame()[bounds.meta..bounds.end].to_vec()
}

fn compare(kind: u32, packet: &[u8], calls: &[Call]) -> bool {
    match in_the_kernel(kind, packet, calls) {
        Ok(real) => {
            assert_eq!(
                ours(kind, packet, calls),
                real,
                "{} bytes, {calls:?}",
                packet.len()
            );
            true
        }
        Err(Errno(libc::EPERM)) => {
            println!("bpf(2) does not work here: not compared with the kernel");
            false
        }
        Err(Errno(error)) => panic!("the kernel refuses {calls:?} with errno {error}"),
    }
}

fn bytes(random: &mut Random, length: u64) -> Vec<u8> {
    (0..length).map(|_| random.below(256) as u8).collect()
}

/// A number near a place where the answer changes.
fn near(random: &mut Random, places: &[i64]) -> i64 {
    places[random.below(places.len() as u64) as usize] + random.below(7) as i64 - 3
}

#[test]
fn xdp_helpers_do_as_the_kernel_does() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..1500 {
        let length = [14, 15, 60, 64, 200, 1500][random.below(6) as usize];
        let packet = bytes(&mut random, length);
        let size = length as i64;
        let mut calls = Vec::new();
        for _ in 0..=random.below(4) {
            let (low, high) = (
                near(&mut random, &[0, 14, size]),
                near(&mut random, &[0, 0xffff]),
            );
            let offset = [low, low, low, high][random.below(4) as usize].max(0) as u32;
            calls.push(match random.below(6) {
                0 => Head(near(&mut random, &[0, -216, 14 - size, size, -100, 8]) as i32),
                1 => Meta(near(&mut random, &[0, -8, -216, -252, -32, -256, 4]) as i32),
                2 => Tail(near(&mut random, &[0, 14 - size, -size, 3520 - size, 20]) as i32),
                3 => XdpLoad(offset, 1 + random.below(64) as u32),
                _ => {
                    let count = 1 + random.below(40);
                    XdpStore(offset, bytes(&mut random, count))
                }
            });
        }
        if !compare(TYPE_XDP, &packet, &calls) {
            return;
        }
    }
}

#[test]
fn traffic_helpers_do_as_the_kernel_does() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..2500 {
        let length = [14, 34, 60, 64, 200, 1500][random.below(6) as usize];
        let mut packet = bytes(&mut random, length);
        if random.below(4) == 0 {
            packet.fill([0, 0xff][random.below(2) as usize]);
        }
        let size = length as i64;
        let mut calls = Vec::new();
        for _ in 0..=random.below(4) {
            let offset = near(&mut random, &[3, 14, 24, size, 0xffff, 0x8000_0000]).max(0) as u32;
            let mut value = || match random.below(4) {
                0 => 0,
                1 => [0xffff, 0xffff_ffff, 0xff00][random.below(3) as usize],
                2 => random.below(1 << 16),
                _ => random.below(u64::MAX),
            };
            let (from, to) = (value(), value());
            let field = [0, 2, 4, 4, 2, 3][random.below(6) as usize];
            let more = [0, 0, 1 << 4, 1 << 5, 3 << 5, 1 << 8][random.below(6) as usize];
            calls.push(match random.below(7) {
                0 => SkbLoad(offset, 4 + random.below(60) as u32),
                1 => {
                    let count = 1 + random.below(40);
                    let flags = [0, 0, 0, 1, 2, 3, 4][random.below(7) as usize];
                    SkbStore(offset, bytes(&mut random, count), flags)
                }
                2 => L3(
                    offset,
                    from,
                    to,
                    [field, field, more][random.below(3) as usize],
                ),
                3 | 4 => L4(offset, from, to, field | more),
                5 => Pull(near(&mut random, &[3, size, 70_000]).max(0) as u32),
                _ => {
                    let length = near(&mut random, &[3, 14, size, 3000, 16_064, 70_000]);
                    ChangeTail(length.max(0) as u32, u64::from(random.below(9) == 0))
                }
            });
        }
        if !compare(TYPE_TC, &packet, &calls) {
            return;
        }
    }
}

#[test]
fn redirect_answers_as_the_kernel_does() {
    for kind in [TYPE_XDP, TYPE_TC] {
        for (ifindex, flags) in [(0, 0), (1, 0), (7, 1), (7, 2), (7, 3), (7, 1 << 40)] {
            if !compare(kind, &[0; 60], &[Redirect(ifindex, flags)]) {
                return;
            }
        }
    }
}

#[test]
fn known_checksums() {
    // RFC 1624, section 4: the case in which the two forms of zero matter.
    assert_eq!(checksum::replace2(0xdd2f, 0x5555, 0x3285), 0x0000);
    assert_eq!(checksum::replace4(0, 0, 0), 0);
    assert_eq!(checksum::replace_by_difference(0xffff, 0), 0);
}
