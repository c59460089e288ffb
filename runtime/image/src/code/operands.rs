// SPDX-License-Identifier: GPL-2.0-only
//! What instructions refer to, and what a loader changes in them: patch sites and fix-ups
//! must be whole instructions and whole fields of instructions, so that no permitted change
//! makes other code of the text.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use rex_abi::imports::{ImportClass, import};

use super::{Code, Tables};
use crate::audit::{Cause, Refused, Reporter};
use crate::image::{Fixup, FixupKind, FixupTarget, Image, PatchKind, PatchSite, SegmentKind};

/// Checks sites, fix-ups and memory operands; notes which functions' addresses are taken.
pub(super) fn check(
    image: &Image,
    tables: &Tables<'_>,
    code: &mut Code,
    reporter: &mut Reporter<'_>,
) {
    for site in &image.patch_sites {
        if !holds(code, site) {
            reporter.at(site.address, Cause::MisplacedSite(site.kind));
        }
    }
    for (function, index) in image.functions.iter().zip(0..) {
        let entry = code.functions[index].instructions.start;
        let nop = code
            .instructions
            .get(entry)
            .map(|first| match first.mnemonic() {
                Mnemonic::Endbr64 => first.next_ip(),
                _ => first.ip(),
            });
        let site = nop.and_then(|nop| tables.site(nop));
        if site.is_none_or(|site| site.kind != PatchKind::EntryNop5) {
            reporter.at(function.address, Cause::NoEntryNop);
        }
    }
    let mut taken = Vec::new();
    for fixup in &image.fixups {
        let checked = match code.around(fixup.place) {
            Some(instruction) => in_text(image, instruction, fixup),
            None => in_data(image, fixup),
        };
        if let Err(cause) = checked {
            reporter.at(fixup.place, cause);
        }
        if let FixupTarget::Image(address) = fixup.target
            && tables.entry(address).is_some()
        {
            taken.push(address);
        }
    }
    for instruction in &code.instructions {
        match memory(instruction, tables) {
            Ok(None) => {}
            Ok(Some(entry)) => taken.push(entry),
            Err(cause) => reporter.instruction(instruction, cause),
        }
    }
    taken.sort_unstable();
    taken.dedup();
    code.address_taken = taken;
}

/// Whether a patch site is one instruction of its kind, and an entry NOP stands at an entry.
fn holds(code: &Code, site: &PatchSite) -> bool {
    let Some(index) = code.index_of(site.address) else {
        return false;
    };
    let instruction = &code.instructions[index];
    let mnemonic = match site.kind {
        PatchKind::EntryNop5 => Mnemonic::Nop,
        PatchKind::Return | PatchKind::IndirectJump => Mnemonic::Jmp,
        PatchKind::IndirectCall => Mnemonic::Call,
    };
    let placed = site.kind != PatchKind::EntryNop5 || {
        let owner = code
            .functions
            .partition_point(|function| function.instructions.end <= index);
        let start = code.functions[owner].instructions.start;
        index == start
            || index == start + 1 && code.instructions[start].mnemonic() == Mnemonic::Endbr64
    };
    instruction.mnemonic() == mnemonic && instruction.len() == site.old.len() && placed
}

/// A fix-up inside an instruction is exactly its displacement or its immediate.
fn in_text(image: &Image, instruction: &Instruction, fixup: &Fixup) -> Result<(), Cause> {
    let bytes = image.text_bytes(instruction.ip(), instruction.len() as u64);
    let mut decoder = Decoder::with_ip(64, bytes, instruction.ip(), DecoderOptions::NONE);
    let decoded = decoder.decode();
    let fields = decoder.get_constant_offsets(&decoded);
    let offset = (fixup.place - instruction.ip()) as usize;
    let width = fixup.kind.width() as usize;
    let is = |start: usize, size: usize| size == width && start == offset;
    let displacement =
        fields.has_displacement() && is(fields.displacement_offset(), fields.displacement_size());
    let immediate =
        fields.has_immediate() && is(fields.immediate_offset(), fields.immediate_size());
    let branch = matches!(instruction.mnemonic(), Mnemonic::Call | Mnemonic::Jmp);
    match (fixup.kind, fixup.target) {
        (FixupKind::Pc32, FixupTarget::Import(index)) if branch && immediate => {
            let callable = image
                .imports
                .get(index as usize)
                .and_then(|name| import(name))
                .is_some_and(|import| import.class != ImportClass::Thunk);
            if callable && fixup.addend == -4 {
                Ok(())
            } else {
                Err(Cause::FixupTarget)
            }
        }
        (FixupKind::Abs32S | FixupKind::Abs64, FixupTarget::Image(_)) if !branch => {
            let absolute = displacement && instruction.memory_base() != Register::RIP;
            if absolute || immediate {
                Ok(())
            } else {
                Err(Cause::FixupPlace)
            }
        }
        (FixupKind::Pc32, FixupTarget::Import(_)) if branch => Err(Cause::FixupPlace),
        (_, FixupTarget::Import(_)) => Err(Cause::FixupTarget),
        _ => Err(Cause::FixupPlace),
    }
}

/// A fix-up outside functions is a pointer in data.
fn in_data(image: &Image, fixup: &Fixup) -> Result<(), Cause> {
    let text = image.text().is_some_and(|text| {
        fixup.place >= text.address && fixup.place < text.address + text.memory_len
    });
    match (fixup.kind, fixup.target) {
        _ if text => Err(Cause::FixupPlace),
        (FixupKind::Abs64, FixupTarget::Image(_)) => Ok(()),
        (_, FixupTarget::Import(_)) => Err(Cause::FixupTarget),
        _ => Err(Cause::FixupPlace),
    }
}

/// Checks a memory operand; gives the function whose address it takes.
fn memory(instruction: &Instruction, tables: &Tables<'_>) -> Result<Option<u64>, Cause> {
    let kinds = || (0..instruction.op_count()).map(|operand| instruction.op_kind(operand));
    if kinds().any(|kind| {
        matches!(
            kind,
            OpKind::MemorySegSI
                | OpKind::MemorySegESI
                | OpKind::MemorySegDI
                | OpKind::MemorySegEDI
                | OpKind::MemoryESDI
                | OpKind::MemoryESEDI
        )
    }) {
        return Err(Cause::Refused(Refused::AddressSize));
    }
    if !kinds().any(|kind| kind == OpKind::Memory) || instruction.mnemonic() == Mnemonic::Nop {
        return Ok(None);
    }
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let wide = |register: Register| register == Register::None || register.is_gpr64();
    if base == Register::RIP {
        let address = instruction.ip_rel_memory_address();
        return match tables.segment(address) {
            None => Err(Cause::OutsideImage(address)),
            Some(SegmentKind::Text) => match tables.entry(address) {
                Some(_) if instruction.mnemonic() == Mnemonic::Lea => Ok(Some(address)),
                _ => Err(Cause::TextAddress(address)),
            },
            Some(_) => Ok(None),
        };
    }
    if !wide(base) || !wide(index) {
        return Err(Cause::Refused(Refused::AddressSize));
    }
    if base == Register::None
        && index == Register::None
        && tables
            .fixup(instruction.ip(), instruction.next_ip())
            .is_none()
    {
        return Err(Cause::OutsideImage(instruction.memory_displacement64()));
    }
    Ok(None)
}
