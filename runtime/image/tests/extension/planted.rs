// SPDX-License-Identifier: GPL-2.0-only
//! Property: whatever is planted into an image that the build made, the audit gate refuses
//! it under the right name, and the digest every changed byte.
//!
//! `REX_AUDIT_CASES` says how many images are damaged, 500 if it is not set;
//! `REX_AUDIT_REPORT` names a directory that a table of them is written to.

mod instructions;

use std::collections::BTreeMap;
use std::path::Path;

use rex_image::{
    AuditError, Fixup, FixupKind, FixupTarget, Image, ImageError, Listed, PatchKind, audit, listing,
};

use crate::random::{Random, cases};
use crate::samples;
use instructions::{FORBIDDEN, STACK};

/// Ways to damage an image, in turn.
const WAYS: [&str; 12] = [
    "instruction",
    "instruction",
    "instruction",
    "stack",
    "jump",
    "fix-up",
    "patch site",
    "frame",
    "record",
    "import",
    "padding",
    "writable text",
];

/// An image, what it consists of, and a way to damage it.
struct Plant<'a> {
    image: Image,
    listing: &'a [Listed],
    random: &'a mut Random,
}

/// Names of causes, one of which has to be found.
type Wanted = &'static [&'static str];

impl Plant<'_> {
    fn bytes(&mut self, address: u64) -> &mut [u8] {
        let text = &mut self.image.segments[0];
        &mut text.bytes[(address - text.address) as usize..]
    }

    /// Whether a loader changes something between two addresses.
    fn is_changed(&self, start: u64, end: u64) -> bool {
        let site = |site: &rex_image::PatchSite| site.address < end && start < site.address + 5;
        let fixup = |fixup: &Fixup| fixup.place < end && start < fixup.place + fixup.kind.width();
        self.image.patch_sites.iter().any(site) || self.image.fixups.iter().any(fixup)
    }

    /// Replaces instructions from `index` on by `code` and NOPs, if they are the extension's
    /// own to change; says where.
    fn replace(&mut self, index: usize, code: &[u8]) -> Option<u64> {
        let start = self.listing[index].address;
        let owner = self.image.function(start)?;
        let limit = owner.address + owner.size;
        let mut end = start;
        for instruction in &self.listing[index..] {
            if end >= start + code.len() as u64 {
                break;
            }
            end = instruction.address + instruction.length as u64;
        }
        let whole = end <= limit && end >= start + code.len() as u64;
        if !whole || self.is_changed(start, end) {
            return None;
        }
        let length = (end - start) as usize;
        let target = &mut self.bytes(start)[..length];
        target.fill(0x90);
        target[..code.len()].copy_from_slice(code);
        Some(start)
    }

    fn any_instruction(&mut self) -> usize {
        self.random.below(self.listing.len())
    }

    /// Index of the instruction behind a function's entry NOP.
    fn any_start(&mut self) -> Option<usize> {
        let sites = &self.image.patch_sites;
        let nops: Vec<u64> = sites
            .iter()
            .filter(|site| site.kind == PatchKind::EntryNop5)
            .map(|site| site.address + 5)
            .collect();
        let address = nops[self.random.below(nops.len())];
        let found = self
            .listing
            .binary_search_by_key(&address, |listed| listed.address);
        found.ok()
    }

    fn forbidden(&mut self) -> Option<Wanted> {
        let (code, name) = &FORBIDDEN[self.random.below(FORBIDDEN.len())];
        let at = self.any_instruction();
        self.replace(at, code)?;
        Some(std::slice::from_ref(name))
    }

    fn stack(&mut self) -> Option<Wanted> {
        let (code, name) = &STACK[self.random.below(STACK.len())];
        let at = self.any_start()?;
        let start = self.replace(at, code)?;
        // Without its last instruction a function has no end, which is found before.
        let last = self.image.function(start)?;
        let last = last.address + last.size - 1;
        (self.bytes(last)[0] != 0x90).then_some(std::slice::from_ref(name))
    }

    fn stray_jump(&mut self) -> Option<Wanted> {
        let at = self.any_instruction();
        let start = self.listing[at].address;
        let target = match self.random.below(4) {
            0 => rex_abi::REX_IMPORT_BASE,
            1 => self.image.link_base - 16,
            _ => {
                // Inside an instruction, or an instruction inside another function.
                let other = &self.listing[self.random.below(self.listing.len())];
                let own = self.image.function(start)?;
                let entry = self.image.function(other.address)?.address == other.address;
                let foreign = self.image.function(other.address)?.address != own.address;
                if foreign && !entry && self.random.below(2) == 0 {
                    other.address
                } else if other.length > 1
                    && (other.address + 16 < start || other.address > start + 32)
                {
                    other.address + 1
                } else {
                    return None;
                }
            }
        };
        let call = self.random.below(2) == 0;
        let mut code = [if call { 0xe8 } else { 0xe9 }, 0, 0, 0, 0];
        code[1..].copy_from_slice(&(target.wrapping_sub(start + 5) as u32).to_le_bytes());
        self.replace(at, &code)?;
        Some(if call {
            &["stray_call"]
        } else {
            &["stray_jump"]
        })
    }

    fn fixup(&mut self) -> Option<Wanted> {
        let text = self.image.segments[0].clone();
        let count = self.image.fixups.len();
        let index = self.random.below(count.max(1));
        match self.random.below(5) {
            0 => {
                // A place of its own: the first byte of an instruction is never an address.
                let place = self.listing[self.any_instruction()].address;
                if self.is_changed(place, place + 4) {
                    return None;
                }
                let target = FixupTarget::Image(text.address);
                let kind = FixupKind::Abs32S;
                self.image.fixups.push(Fixup {
                    place,
                    kind,
                    target,
                    addend: 0,
                });
                self.image.fixups.sort_by_key(|fixup| fixup.place);
                Some(&["fixup_place"])
            }
            1 => {
                let by = 1 + self.random.below(3) as u64;
                let fixup = self.image.fixups.get_mut(index)?;
                if fixup.place >= text.address + text.memory_len {
                    return None;
                }
                fixup.place += by;
                Some(&["fixup_place", "image"])
            }
            2 => {
                let entry = self.image.functions[0].address;
                self.image.fixups.get_mut(index)?.target = FixupTarget::Image(entry + 1);
                Some(&["image"])
            }
            3 => {
                let fixup = self.image.fixups.get_mut(index)?;
                if !matches!(fixup.target, FixupTarget::Import(_)) {
                    return None;
                }
                fixup.addend += 1;
                Some(&["fixup_target"])
            }
            _ => {
                let import = self.image.imports.len() as u32;
                let fixup = self.image.fixups.get_mut(index)?;
                if !matches!(fixup.target, FixupTarget::Import(_)) {
                    return None;
                }
                fixup.target = FixupTarget::Import(import);
                self.image
                    .imports
                    .push("__x86_indirect_thunk_r11".to_owned());
                Some(&["fixup_target"])
            }
        }
    }

    fn site(&mut self) -> Option<Wanted> {
        let index = self.random.below(self.image.patch_sites.len());
        let site = self.image.patch_sites[index];
        if self.random.below(2) == 0 {
            self.image.patch_sites.remove(index);
            return Some(match site.kind {
                PatchKind::EntryNop5 => &["no_entry_nop"],
                PatchKind::IndirectCall => &["stray_call"],
                PatchKind::Return | PatchKind::IndirectJump => &["stray_jump"],
            });
        }
        let moved = site.address + 1;
        let old: [u8; 5] = self.bytes(moved).get(..5)?.try_into().ok()?;
        let site = &mut self.image.patch_sites[index];
        (site.address, site.old) = (moved, old);
        Some(&["misplaced_site", "image"])
    }

    fn frame(&mut self) -> Option<Wanted> {
        let functions = &mut self.image.functions;
        if self.random.below(4) == 0 {
            let index = self.random.below(functions.len());
            functions[index].frame = rex_abi::REX_FRAME_MAX + 1;
            return Some(&["image"]);
        }
        // A function whose frame is moved by 32-bit constants: all of them grow alike.
        let more = 8 * (1 + self.random.below(600) as u32);
        let mut found = false;
        let start = self.listing[self.any_start()?].address;
        let owner = self.image.function(start)?.clone();
        let own = |listed: &&Listed| {
            listed.address >= owner.address && listed.address < owner.address + owner.size
        };
        for listed in self.listing.iter().filter(own) {
            let code = self.bytes(listed.address);
            match code {
                [0x48, 0x81, 0xec | 0xc4, ..] if listed.length == 7 => {
                    let value = u32::from_le_bytes([code[3], code[4], code[5], code[6]]) + more;
                    code[3..7].copy_from_slice(&value.to_le_bytes());
                    found = true;
                }
                [0x48, 0x83, 0xec | 0xc4, ..] => return None,
                _ => {}
            }
        }
        found.then_some(&["frame"])
    }

    fn record(&mut self) -> Option<Wanted> {
        let index = self.random.below(self.image.functions.len());
        let function = &mut self.image.functions[index];
        match self.random.below(4) {
            0 => function.address_taken ^= true,
            1 => function.checked ^= true,
            2 => function.chain_after += 8,
            _ => {
                if function.frame < 8 {
                    return None;
                }
                function.frame -= 8;
            }
        }
        Some(&["address_taken", "check", "frame"])
    }

    fn import(&mut self) -> Option<Wanted> {
        let count = self.image.imports.len();
        *self
            .image
            .imports
            .get_mut(self.random.below(count.max(1)))? = "commit_creds".to_owned();
        Some(&["image"])
    }

    fn padding(&mut self) -> Option<Wanted> {
        let index = self.random.below(self.image.functions.len());
        let function = &self.image.functions[index];
        let end = function.address + function.size;
        let next = self.image.functions.get(index + 1)?.address;
        if end == next {
            return None;
        }
        let code = [0xc3, 0xeb, 0x00, 0x55][self.random.below(4)];
        self.bytes(end)[0] = code;
        Some(&["not_padding"])
    }

    /// Text that may be written: a data segment over it.
    fn writable_text(&mut self) -> Option<Wanted> {
        let mut data = self.image.segments[0].clone();
        data.kind = rex_image::SegmentKind::Data;
        data.address += rex_abi::REX_PAGE * self.random.below(2) as u64;
        self.image.segments.insert(1, data);
        (self.image.segments[1].address
            < self.image.segments[0].address + self.image.segments[0].memory_len)
            .then_some(&["image"])
    }

    /// Damages the image in one way; nothing if this way is not open here.
    fn damage(&mut self, way: usize) -> Option<Wanted> {
        match WAYS[way % WAYS.len()] {
            "instruction" => self.forbidden(),
            "stack" => self.stack(),
            "jump" => self.stray_jump(),
            "fix-up" => self.fixup(),
            "patch site" => self.site(),
            "frame" => self.frame(),
            "record" => self.record(),
            "import" => self.import(),
            "padding" => self.padding(),
            _ => self.writable_text(),
        }
    }
}

fn names(errors: &[AuditError]) -> Vec<&'static str> {
    errors.iter().map(|error| error.cause.name()).collect()
}

#[test]
fn whatever_is_planted_is_refused() {
    let listings: Vec<_> = samples::all()
        .iter()
        .map(|(_, _, image)| listing(image))
        .collect();
    let (mut planted, mut way, wanted) = (0, 0, cases("REX_AUDIT_CASES", 500));
    let mut counts = BTreeMap::new();
    while planted < wanted {
        let mut random = Random::new(way as u64);
        let sample = random.below(listings.len());
        let (name, _, image) = &samples::all()[sample];
        let mut plant = Plant {
            image: image.clone(),
            listing: &listings[sample],
            random: &mut random,
        };
        let expected = plant.damage(way);
        let damaged = plant.image;
        if let Some(expected) = expected {
            planted += 1;
            *counts.entry(WAYS[way % WAYS.len()]).or_insert(0) += 1;
            let errors =
                audit(&damaged).expect_err(&format!("{name} passes, case {way}, {expected:?}"));
            let found = names(&errors);
            let right = found.iter().any(|name| expected.contains(name));
            assert!(
                right,
                "{name}, case {way}: expected {expected:?}, found {errors:?}"
            );
        }
        way += 1;
    }
    report(&counts);
}

/// How many images were damaged in which way, if a report is wanted.
fn report(counts: &BTreeMap<&str, usize>) {
    let Some(directory) = std::env::var_os("REX_AUDIT_REPORT") else {
        return;
    };
    let mut text = format!(
        "<!-- SPDX-License-Identifier: GPL-2.0-only -->\n# Damaged images\n\n\
         Written by `make soak`. Each is an image of one of {} samples, which pass, with one\n\
         thing changed, and was refused under the right name.\n\n| changed | images |\n| --- | --- |\n",
        samples::all().len()
    );
    for (way, count) in counts {
        text += &format!("| {way} | {count} |\n");
    }
    text += &format!("| all | {} |\n", counts.values().sum::<usize>());
    std::fs::write(Path::new(&directory).join("audit.md"), text)
        .expect("the directory for reports is there");
}

#[test]
fn every_changed_byte_is_refused_by_the_digest() {
    let mut random = Random::new(1);
    let files: Vec<_> = samples::all()
        .iter()
        .map(|(_, _, image)| image.to_bytes())
        .collect();
    for _ in 0..cases("REX_AUDIT_CASES", 500) {
        let mut file = files[random.below(files.len())].clone();
        let at = random.below(file.len());
        file[at] ^= 1 << random.below(8);
        let error = Image::parse(&file).expect_err("a bit was changed");
        // The header is read before the digest can be.
        let header = at < size_of::<rex_abi::rex_img_header>();
        assert!(header || error == ImageError::Digest, "byte {at}: {error}");
    }
}
