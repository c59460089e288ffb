// SPDX-License-Identifier: GPL-2.0-only
//! What in the image depends on where it is loaded: fix-ups, patch sites, imports.

use std::collections::BTreeSet;

use object::elf::{R_X86_64_32S, R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32};
use rex_abi as abi;
use rex_abi::imports::ImportClass;

use super::PackError;
use super::elf::{Elf, Relocation};
use crate::image::{Fixup, FixupKind, FixupTarget, Function, PatchKind, PatchSite};

const CALL: u8 = 0xe8;
const JUMP: u8 = 0xe9;
/// First bytes of a 5-byte NOP; the last is a displacement that compilers choose.
const NOP5: [u8; 4] = [0x0f, 0x1f, 0x44, 0x00];

/// Everything that refers to an address.
#[derive(Default)]
pub struct References {
    pub fixups: Vec<Fixup>,
    pub patch_sites: Vec<PatchSite>,
    pub imports: Vec<String>,
    /// Functions whose address is used as a value.
    pub address_taken: BTreeSet<u64>,
}

/// Reads the relocations and the entry NOPs.
pub fn read(elf: &Elf<'_>, functions: &[Function]) -> Result<References, PackError> {
    let mut found = References::default();
    entry_nops(elf, functions, &mut found.patch_sites)?;
    for section in [".text", ".rodata", ".maps", ".data"] {
        for relocation in elf.relocations(section)? {
            if relocation.address >= abi::REX_IMPORT_BASE {
                found.import(elf, &relocation)?;
            } else {
                found.internal(elf, &relocation, functions)?;
            }
        }
    }
    found.patch_sites.sort_by_key(|site| site.address);
    found.fixups.sort_by_key(|fixup| fixup.place);
    Ok(found)
}

/// One 5-byte NOP at the start of each function, behind an `endbr64`.
fn entry_nops(
    elf: &Elf<'_>,
    functions: &[Function],
    sites: &mut Vec<PatchSite>,
) -> Result<(), PackError> {
    const SECTION: &str = "__patchable_function_entries";
    let section = elf
        .section(SECTION)?
        .ok_or(PackError::MissingSection(SECTION))?;
    let mut addresses = BTreeSet::new();
    for bytes in section.bytes.chunks_exact(8) {
        addresses.extend(
            bytes
                .first_chunk()
                .map(|address| u64::from_le_bytes(*address)),
        );
    }
    for function in functions {
        let missing = || PackError::NoEntryNop(function.name.clone());
        // Nothing but `endbr64` may stand before it.
        let address = *addresses
            .range(function.address..function.address + 5)
            .next()
            .ok_or_else(missing)?;
        let old = elf
            .text
            .at::<5>(address)
            .filter(|old| old.starts_with(&NOP5))
            .ok_or_else(missing)?;
        sites.push(PatchSite {
            address,
            kind: PatchKind::EntryNop5,
            old,
        });
    }
    Ok(())
}

fn unknown(relocation: &Relocation<'_>) -> PackError {
    PackError::UnknownRelocation {
        kind: relocation.kind,
        symbol: relocation.symbol.to_owned(),
        place: relocation.place,
    }
}

/// The address a relocation stands for; what it adds to step over the instruction's last
/// four bytes is taken off again.
fn target(relocation: &Relocation<'_>) -> u64 {
    let relative = matches!(relocation.kind, R_X86_64_PC32 | R_X86_64_PLT32);
    relocation
        .address
        .wrapping_add_signed(relocation.addend + if relative { 4 } else { 0 })
}

impl References {
    fn import_index(&mut self, name: &str) -> u32 {
        let known = self.imports.iter().position(|import| import == name);
        known.unwrap_or_else(|| {
            self.imports.push(name.to_owned());
            self.imports.len() - 1
        }) as u32
    }

    /// A reference to an import or a thunk.
    fn import(&mut self, elf: &Elf<'_>, relocation: &Relocation<'_>) -> Result<(), PackError> {
        let (symbol, place) = (relocation.symbol, relocation.place);
        let import = abi::imports::import(symbol).ok_or_else(|| PackError::UnknownImport {
            symbol: symbol.to_owned(),
            place,
        })?;
        if import.class == ImportClass::Thunk {
            return self.thunk(elf, relocation);
        }
        let kind = match relocation.kind {
            R_X86_64_PC32 | R_X86_64_PLT32 => FixupKind::Pc32,
            R_X86_64_32S => FixupKind::Abs32S,
            R_X86_64_64 => FixupKind::Abs64,
            _ => return Err(unknown(relocation)),
        };
        let target = FixupTarget::Import(self.import_index(symbol));
        self.fixups.push(Fixup {
            place,
            kind,
            target,
            addend: relocation.addend,
        });
        Ok(())
    }

    /// A `call rel32` or `jmp rel32` to a thunk.
    fn thunk(&mut self, elf: &Elf<'_>, relocation: &Relocation<'_>) -> Result<(), PackError> {
        let bad = || PackError::BadThunkUse {
            symbol: relocation.symbol.to_owned(),
            place: relocation.place,
        };
        let relative =
            matches!(relocation.kind, R_X86_64_PC32 | R_X86_64_PLT32) && relocation.addend == -4;
        let address = relocation.place.wrapping_sub(1);
        let old = elf
            .text
            .at::<5>(address)
            .filter(|_| relative)
            .ok_or_else(bad)?;
        let kind = match (relocation.symbol, old[0]) {
            ("__x86_return_thunk", JUMP) => PatchKind::Return,
            ("__x86_indirect_thunk_r11", CALL) => PatchKind::IndirectCall,
            ("__x86_indirect_thunk_r11", JUMP) => PatchKind::IndirectJump,
            _ => return Err(bad()),
        };
        self.patch_sites.push(PatchSite { address, kind, old });
        Ok(())
    }

    /// A reference inside the image. Relative ones are resolved: the image moves as a whole.
    fn internal(
        &mut self,
        elf: &Elf<'_>,
        relocation: &Relocation<'_>,
        functions: &[Function],
    ) -> Result<(), PackError> {
        let place = relocation.place;
        let target = target(relocation);
        let kind = match relocation.kind {
            R_X86_64_PC32 | R_X86_64_PLT32 => None,
            R_X86_64_32S => Some(FixupKind::Abs32S),
            R_X86_64_64 => Some(FixupKind::Abs64),
            _ => return Err(unknown(relocation)),
        };
        let text_end = elf.text.address + elf.text.bytes.len() as u64;
        let into_text = (elf.text.address..text_end).contains(&target);
        if into_text && !(kind.is_none() && is_branch(elf, place)) {
            if functions
                .binary_search_by_key(&target, |function| function.address)
                .is_err()
            {
                return Err(PackError::AddressInsideFunction { target, place });
            }
            self.address_taken.insert(target);
        }
        if let Some(kind) = kind {
            // A pointer just outside its symbol, such as one before an array, keeps the symbol.
            let inside = elf.holds(target);
            let (address, addend) = if inside {
                (target, 0)
            } else {
                (relocation.address, relocation.addend)
            };
            self.fixups.push(Fixup {
                place,
                kind,
                target: FixupTarget::Image(address),
                addend,
            });
        }
        Ok(())
    }
}

/// Whether a relative reference is the target of a direct call or jump.
fn is_branch(elf: &Elf<'_>, place: u64) -> bool {
    let before = elf.text.at::<2>(place.wrapping_sub(2));
    before.is_some_and(|[first, second]| {
        matches!(second, CALL | JUMP) || (first == 0x0f && second & 0xf0 == 0x80)
    })
}
