// SPDX-License-Identifier: GPL-2.0-only
//! The invariants of [`Image`], checked for what was read and for what was packed.

mod maps;

use std::collections::HashSet;

use rex_abi as abi;

use crate::error::ImageError;
use crate::image::{Fixup, FixupTarget, Image, Segment, SegmentKind};

type Result = std::result::Result<(), ImageError>;

fn wrong(what: &'static str, index: usize, problem: &'static str) -> ImageError {
    ImageError::Invalid {
        what,
        index,
        problem,
    }
}

/// Refuses a record unless a condition holds.
macro_rules! require {
    ($condition:expr, $what:literal, $index:expr, $problem:literal) => {
        if !$condition {
            return Err(wrong($what, $index, $problem));
        }
    };
}

pub(crate) use require;

fn end(segment: &Segment) -> u64 {
    segment.address.saturating_add(segment.memory_len)
}

fn holds_bytes(segment: &Segment, address: u64, length: u64) -> bool {
    address >= segment.address
        && address
            .checked_add(length)
            .is_some_and(|end| end <= segment.address + segment.bytes.len() as u64)
}

impl Image {
    /// Checks every invariant of [`Image`].
    ///
    /// # Errors
    /// [`ImageError::Invalid`] naming the first record that breaks one.
    pub fn validate(&self) -> Result {
        let text = self.check_segments()?;
        self.check_functions(text)?;
        self.check_patch_sites(text)?;
        self.check_imports()?;
        self.check_fixups(text)?;
        self.check_programs()?;
        self.check_maps()?;
        self.check_sources()
    }

    fn check_segments(&self) -> std::result::Result<&Segment, ImageError> {
        let mut text = None;
        let mut kinds = HashSet::new();
        let mut free = self.link_base;
        require!(
            self.link_base == abi::REX_LINK_BASE,
            "header",
            0,
            "has another link address than the format"
        );
        for (index, segment) in self.segments.iter().enumerate() {
            require!(
                segment.address.is_multiple_of(abi::REX_PAGE),
                "segment",
                index,
                "is not page aligned"
            );
            require!(
                segment.address >= free,
                "segment",
                index,
                "overlaps the one before it or is out of order"
            );
            require!(segment.memory_len > 0, "segment", index, "is empty");
            require!(
                end(segment) <= abi::REX_IMPORT_BASE,
                "segment",
                index,
                "reaches into the import slots"
            );
            require!(
                segment.bytes.len() as u64 <= segment.memory_len,
                "segment",
                index,
                "has more bytes than memory"
            );
            require!(
                kinds.insert(segment.kind),
                "segment",
                index,
                "is the second of its kind"
            );
            if segment.kind == SegmentKind::Text {
                let whole = segment.bytes.len() as u64 == segment.memory_len;
                require!(
                    whole,
                    "segment",
                    index,
                    "is text that the file does not hold in full"
                );
                text = Some(segment);
            }
            free = end(segment).next_multiple_of(abi::REX_PAGE);
        }
        text.ok_or(wrong("image", 0, "has no text segment"))
    }

    fn check_functions(&self, text: &Segment) -> Result {
        let mut free = text.address;
        for (index, function) in self.functions.iter().enumerate() {
            require!(function.size > 0, "function", index, "is empty");
            require!(
                function.address >= free,
                "function",
                index,
                "overlaps the one before it or is out of order"
            );
            let inside = holds_bytes(text, function.address, function.size);
            require!(inside, "function", index, "is not inside the text");
            require!(
                function.frame <= abi::REX_FRAME_MAX,
                "function",
                index,
                "has a frame of more than 4096 bytes"
            );
            free = function.address + function.size;
        }
        Ok(())
    }

    fn check_patch_sites(&self, text: &Segment) -> Result {
        let mut free = text.address;
        for (index, site) in self.patch_sites.iter().enumerate() {
            require!(
                site.address >= free,
                "patch site",
                index,
                "overlaps the one before it or is out of order"
            );
            let inside = holds_bytes(text, site.address, site.old.len() as u64);
            require!(inside, "patch site", index, "is not inside the text");
            let start = (site.address - text.address) as usize;
            let same = text.bytes[start..start + site.old.len()] == site.old;
            require!(
                same,
                "patch site",
                index,
                "has old bytes that are not in the text"
            );
            let owner = self.function(site.address);
            let whole = owner.is_some_and(|owner| site.address + 5 <= owner.address + owner.size);
            require!(whole, "patch site", index, "is not inside one function");
            free = site.address + site.old.len() as u64;
        }
        Ok(())
    }

    fn check_imports(&self) -> Result {
        let mut names = HashSet::new();
        for (index, name) in self.imports.iter().enumerate() {
            require!(
                abi::imports::import(name).is_some(),
                "import",
                index,
                "is not on the list of imports"
            );
            require!(names.insert(name), "import", index, "occurs twice");
        }
        Ok(())
    }

    /// Whether a 5-byte patch site shares a byte with the fix-up's place.
    fn is_patched(&self, fixup: &Fixup) -> bool {
        let place_end = fixup.place + fixup.kind.width();
        let before = self
            .patch_sites
            .partition_point(|site| site.address < place_end);
        before
            .checked_sub(1)
            .is_some_and(|index| self.patch_sites[index].address + 5 > fixup.place)
    }

    fn check_fixups(&self, text: &Segment) -> Result {
        let mut free = 0;
        for (index, fixup) in self.fixups.iter().enumerate() {
            require!(
                fixup.place >= free,
                "fix-up",
                index,
                "overlaps the one before it or is out of order"
            );
            let width = fixup.kind.width();
            let owner = self
                .segments
                .iter()
                .find(|segment| holds_bytes(segment, fixup.place, width));
            let Some(owner) = owner else {
                return Err(wrong(
                    "fix-up",
                    index,
                    "is not inside the bytes of a segment",
                ));
            };
            require!(
                owner.kind != SegmentKind::Maps,
                "fix-up",
                index,
                "is in a map slot"
            );
            require!(
                !self.is_patched(fixup),
                "fix-up",
                index,
                "overlaps a patch site"
            );
            match fixup.target {
                FixupTarget::Import(import) => {
                    let exists = (import as usize) < self.imports.len();
                    require!(
                        exists,
                        "fix-up",
                        index,
                        "names an import that does not exist"
                    );
                }
                FixupTarget::Image(address) => {
                    let inside = self
                        .segments
                        .iter()
                        .any(|segment| address >= segment.address && address <= end(segment));
                    require!(inside, "fix-up", index, "points outside the image");
                    if address >= text.address && address < end(text) {
                        let entry = self
                            .functions
                            .binary_search_by_key(&address, |function| function.address);
                        let named = entry.is_ok() && fixup.addend == 0;
                        require!(
                            named,
                            "fix-up",
                            index,
                            "points into text, but not at a function"
                        );
                    }
                }
            }
            free = fixup.place + width;
        }
        Ok(())
    }

    fn check_programs(&self) -> Result {
        let mut names = HashSet::new();
        for (index, program) in self.programs.iter().enumerate() {
            require!(!program.name.is_empty(), "program", index, "has no name");
            require!(
                names.insert(&program.name),
                "program",
                index,
                "has the name of another program"
            );
            let entry = self
                .functions
                .binary_search_by_key(&program.entry, |function| function.address);
            require!(
                entry.is_ok(),
                "program",
                index,
                "has an entry that is not a function"
            );
            let mut free = 0;
            for field in &program.layout.fields {
                let end = field.offset.checked_add(field.size);
                let inside =
                    field.offset >= free && end.is_some_and(|end| end <= program.layout.size);
                require!(
                    inside,
                    "program",
                    index,
                    "has a context layout whose fields overlap or lie outside it"
                );
                free = end.unwrap_or(u32::MAX);
            }
        }
        Ok(())
    }

    fn check_sources(&self) -> Result {
        let frames = &self.source_map.frames;
        for (index, entry) in frames.iter().enumerate() {
            let ends = entry.caller.is_none_or(|caller| (caller as usize) < index);
            require!(
                ends,
                "source frame",
                index,
                "is inlined into a frame that does not come before it"
            );
        }
        let mut last = None;
        for (index, range) in self.source_map.ranges.iter().enumerate() {
            require!(
                last < Some(range.start),
                "source range",
                index,
                "is out of order"
            );
            let exists = range
                .frame
                .is_none_or(|frame| (frame as usize) < frames.len());
            require!(
                exists,
                "source range",
                index,
                "names a frame that does not exist"
            );
            last = Some(range.start);
        }
        Ok(())
    }
}
