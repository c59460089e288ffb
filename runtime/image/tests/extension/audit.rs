// SPDX-License-Identifier: GPL-2.0-only
//! The audit gate and what the build makes: every image passes, and instructions are those
//! that objdump reads out of the same bytes.

use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection};
use rex_image::{PackError, PackOptions, SegmentKind, audit, listing, pack};

use crate::samples;
use crate::toolchain::{read, succeed};

#[test]
fn every_sample_passes() {
    for (name, _, image) in samples::all() {
        assert_eq!(audit(image), Ok(()), "{name}");
    }
}

/// Address and mnemonic of every instruction, prefixes left out.
fn objdump(elf: &Path) -> Vec<(u64, String)> {
    let mut command = Command::new("objdump");
    command.env("LC_ALL", "C");
    command.args(["-d", "-M", "intel", "--no-show-raw-insn", "-j", ".text"]);
    let output = succeed(command.arg(elf));
    let instruction = |line: &str| {
        let (address, text) = line.trim_start().split_once(":\t")?;
        Some((u64::from_str_radix(address, 16).ok()?, mnemonic(text)))
    };
    output.lines().filter_map(instruction).collect()
}

/// The name alone, as both spell it.
fn mnemonic(text: &str) -> String {
    const PREFIXES: [&str; 7] = ["lock", "rep", "repz", "repe", "data16", "cs", "notrack"];
    let mut words = text.split_whitespace();
    let name = words.find(|word| !PREFIXES.contains(word)).unwrap_or("");
    match name {
        "movabs" => "mov".to_owned(),
        "xchg" if text.ends_with("ax,ax") => "nop".to_owned(),
        _ => name.to_owned(),
    }
}

#[test]
fn instructions_are_those_of_objdump() {
    let mut compared = 0;
    for (name, elf, image) in samples::all() {
        let theirs = objdump(elf);
        for ours in listing(image) {
            let at = theirs.binary_search_by_key(&ours.address, |(address, _)| *address);
            let at = at.unwrap_or_else(|_| panic!("{name}: nothing at {:#x}", ours.address));
            assert_eq!(
                theirs[at].1,
                mnemonic(&ours.text),
                "{name} at {:#x}",
                ours.address
            );
            if let Some((next, _)) = theirs.get(at + 1) {
                let end = ours.address + ours.length as u64;
                assert_eq!(*next, end, "{name}: length at {:#x}", ours.address);
            }
            compared += 1;
        }
        let inside = theirs
            .iter()
            .filter(|(address, _)| image.function(*address).is_some());
        assert_eq!(inside.count(), listing(image).len(), "{name}");
    }
    assert!(
        compared > 5000,
        "only {compared} instructions were compared"
    );
}

#[test]
fn code_that_may_be_written_and_data_that_may_be_executed_are_refused() {
    let (_, elf, image) = &samples::all()[0];
    let bytes = read(elf);
    let file = object::read::elf::ElfFile64::<object::LittleEndian>::parse(&*bytes);
    let file = file.expect("the linker wrote it");
    let headers = file.elf_header().e_shoff.get(object::LittleEndian) as usize;
    for (name, flag) in [(".text", 0x1), (".rodata", 0x4)] {
        let section = file.section_by_name(name).expect("it has one");
        let flags = headers + section.index().0 * 64 + 8;
        let mut changed = bytes.clone();
        changed[flags] |= flag;
        assert_eq!(
            pack(&changed, &PackOptions::default()),
            Err(PackError::WritableCode(name.to_owned()))
        );
    }
    let mut text = image.clone();
    text.segments[0].kind = SegmentKind::Data;
    assert!(audit(&text).is_err());
}
