// SPDX-License-Identifier: GPL-2.0-only
//! The parts of an ELF file that packing needs.

use object::read::elf::ElfFile64;
use object::{
    LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget,
    SectionFlags, SymbolKind, elf,
};
use rex_abi as abi;

use super::PackError;
use crate::image::{Segment, SegmentKind};

/// A linked ELF.
pub struct Elf<'data> {
    file: ElfFile64<'data, LittleEndian>,
    /// Code.
    pub text: Section<'data>,
}

/// A section with its address and bytes.
#[derive(Clone, Copy, Default)]
pub struct Section<'data> {
    pub address: u64,
    pub bytes: &'data [u8],
}

/// A named place.
pub struct Symbol<'data> {
    pub name: &'data str,
    pub address: u64,
    pub size: u64,
}

/// A relocation the linker kept.
pub struct Relocation<'data> {
    /// Where it applies.
    pub place: u64,
    /// Its number in the x86-64 ABI.
    pub kind: u32,
    /// Name of its symbol, empty for a section.
    pub symbol: &'data str,
    /// Address of its symbol.
    pub address: u64,
    /// Added to the address.
    pub addend: i64,
}

/// Sections that become segments, in the order of the link script.
const SEGMENTS: [(&str, SegmentKind); 5] = [
    (".text", SegmentKind::Text),
    (".rodata", SegmentKind::Rodata),
    (".maps", SegmentKind::Maps),
    (".data", SegmentKind::Data),
    (".bss", SegmentKind::Bss),
];
const IMPORTS: &str = ".rex.imports";

impl<'data> Section<'data> {
    /// The `N` bytes at an address.
    pub fn at<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        let start = usize::try_from(address.checked_sub(self.address)?).ok()?;
        self.bytes.get(start..)?.first_chunk().copied()
    }
}

impl<'data> Elf<'data> {
    /// Reads the headers and refuses files of another kind.
    pub fn read(data: &'data [u8]) -> Result<Self, PackError> {
        let file = ElfFile64::<LittleEndian>::parse(data)?;
        if file.architecture() != object::Architecture::X86_64
            || file.kind() != object::ObjectKind::Executable
        {
            return Err(PackError::Elf(
                "expected an x86-64 executable with fixed addresses".to_owned(),
            ));
        }
        // Nothing but programs keeps code from being dropped by the linker.
        if file
            .section_by_name(".rex.progs")
            .is_none_or(|section| section.size() == 0)
        {
            return Err(PackError::NoPrograms);
        }
        let mut elf = Self {
            file,
            text: Section::default(),
        };
        elf.text = elf
            .section(".text")?
            .ok_or(PackError::MissingSection(".text"))?;
        Ok(elf)
    }

    /// A section by name.
    pub fn section(&self, name: &str) -> Result<Option<Section<'data>>, PackError> {
        self.file
            .section_by_name(name)
            .map(|section| {
                Ok(Section {
                    address: section.address(),
                    bytes: section.data()?,
                })
            })
            .transpose()
    }

    /// Memory of the image. Every section to be loaded has to be one of the link script's.
    pub fn segments(&self) -> Result<Vec<Segment>, PackError> {
        let mut segments = Vec::new();
        for section in self.file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                continue;
            };
            let name = section.name()?;
            if sh_flags & u64::from(elf::SHF_ALLOC) == 0 || section.size() == 0 || name == IMPORTS {
                continue;
            }
            let known = SEGMENTS.iter().find(|(known, _)| *known == name);
            let (_, kind) = known.ok_or_else(|| PackError::UnknownSection(name.to_owned()))?;
            if !section.address().is_multiple_of(abi::REX_PAGE) {
                return Err(PackError::Misplaced(name.to_owned()));
            }
            let code = *kind == SegmentKind::Text;
            let flags = |flag: u32| sh_flags & u64::from(flag) != 0;
            if flags(elf::SHF_EXECINSTR) != code || (code && flags(elf::SHF_WRITE)) {
                return Err(PackError::WritableCode(name.to_owned()));
            }
            // Code may count on the alignment; a loader keeps that of a page.
            if section.align() > abi::REX_PAGE {
                return Err(PackError::Aligned {
                    section: name.to_owned(),
                    alignment: section.align(),
                });
            }
            segments.push(Segment {
                kind: *kind,
                address: section.address(),
                memory_len: section.size(),
                bytes: section.data()?.to_vec(),
            });
        }
        segments.sort_by_key(|segment| segment.address);
        Ok(segments)
    }

    /// Whether an address lies in a section that is loaded.
    pub fn holds(&self, address: u64) -> bool {
        SEGMENTS
            .iter()
            .filter_map(|(name, _)| self.file.section_by_name(name))
            .any(|section| {
                (section.address()..section.address() + section.size()).contains(&address)
            })
    }

    /// Functions in the text, by address; of several names for one address the first by
    /// name.
    pub fn functions(&self) -> Result<Vec<Symbol<'data>>, PackError> {
        let text = self
            .file
            .section_by_name(".text")
            .map(|section| section.index());
        let mut found = self.symbols(|symbol| {
            symbol.kind() == SymbolKind::Text && symbol.section_index() == text
        })?;
        found.dedup_by_key(|symbol| symbol.address);
        Ok(found)
    }

    /// Named data in `.maps`, by address.
    pub fn maps(&self) -> Result<Vec<Symbol<'data>>, PackError> {
        let Some(maps) = self.file.section_by_name(".maps") else {
            return Ok(Vec::new());
        };
        self.symbols(|symbol| {
            symbol.kind() == SymbolKind::Data && symbol.section_index() == Some(maps.index())
        })
    }

    fn symbols(
        &self,
        wanted: impl Fn(&object::read::elf::ElfSymbol64<'data, '_, LittleEndian>) -> bool,
    ) -> Result<Vec<Symbol<'data>>, PackError> {
        let mut found = Vec::new();
        for symbol in self.file.symbols().filter(|symbol| wanted(symbol)) {
            found.push(Symbol {
                name: symbol.name()?,
                address: symbol.address(),
                size: symbol.size(),
            });
        }
        found.sort_by_key(|symbol| (symbol.address, symbol.name));
        Ok(found)
    }

    /// The relocations of a section, by place.
    pub fn relocations(&self, section: &str) -> Result<Vec<Relocation<'data>>, PackError> {
        let Some(section) = self.file.section_by_name(section) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for (place, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else {
                continue;
            };
            if r_type == elf::R_X86_64_NONE {
                continue;
            }
            let unknown = |symbol: &str| PackError::UnknownRelocation {
                kind: r_type,
                symbol: symbol.to_owned(),
                place,
            };
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return Err(unknown(""));
            };
            let symbol = self.file.symbol_by_index(index)?;
            let name = symbol.name()?;
            if symbol.section_index().is_none() {
                return Err(unknown(name));
            }
            found.push(Relocation {
                place,
                kind: r_type,
                symbol: if symbol.kind() == SymbolKind::Section {
                    ""
                } else {
                    name
                },
                address: symbol.address(),
                addend: relocation.addend(),
            });
        }
        found.sort_by_key(|relocation| relocation.place);
        Ok(found)
    }
}
