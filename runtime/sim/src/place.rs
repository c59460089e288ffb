// SPDX-License-Identifier: GPL-2.0-only
//! Placing an image in memory: segments, stubs, fix-ups, patch sites, protection.

#[cfg(test)]
mod tests;

use rex_abi::REX_FRAME_MAX;
use rex_image::{FixupKind, FixupTarget, Image, PatchKind, SegmentKind};

use crate::dispatch;
use crate::error::LoadError;
use crate::imports::{self, Provided};
use crate::stack::SLACK;
use crate::stubs::{self, Targets};
use crate::thread::{self, Offsets};
use crate::window::{Access, PAGE, Window};

/// An image in memory, ready to run.
#[derive(Debug)]
pub struct Placed {
    window: Window,
    /// What to add to a link address.
    bias: u64,
    text: (u64, u64),
    stubs: (u64, u64),
}

/// Where the parts behind the image's own segments go.
#[derive(Clone, Copy)]
struct Layout {
    stack_check: u64,
    indirect_check: u64,
    imports: u64,
    stubs_end: u64,
    bits: u64,
    end: u64,
}

impl Placed {
    /// Places `image`; its map slots are passed to `fill` (link address, run-time slot
    /// bytes to write) after fix-ups and before they become read-only.
    ///
    /// Helpers run on the stack that ends at `helpers`, if there is one.
    pub fn new(
        image: &Image,
        slots: &[(u64, rex_abi::rex_map_slot)],
        helpers: Option<u64>,
    ) -> Result<Self, LoadError> {
        check_frames(image)?;
        let text = image
            .text()
            .ok_or_else(|| LoadError::Image("it has no text".into()))?;
        let size = image.end() - image.link_base;
        let layout = Layout::new(size, image.imports.len() as u64, text.memory_len);
        let mut window = Window::map(layout.end)?;
        let base = window.base();
        let bias = base.wrapping_sub(image.link_base);
        let mut placed = Self {
            text: (
                text.address.wrapping_add(bias),
                text.address.wrapping_add(bias) + text.memory_len,
            ),
            stubs: (base + layout.stack_check, base + layout.stubs_end),
            bias,
            window: {
                for segment in &image.segments {
                    window.write(segment.address.wrapping_add(bias), &segment.bytes);
                }
                window
            },
        };
        placed.write_stubs(image, &layout, helpers)?;
        placed.compare_sites(image)?;
        placed.apply_fixups(image, base + layout.imports)?;
        placed.patch_sites(image, &layout);
        for (slot, contents) in slots {
            placed.fill_slot(*slot, contents);
        }
        placed.protect(image, &layout)?;
        Ok(placed)
    }

    /// Run-time address of a link address.
    pub fn run_time(&self, address: u64) -> u64 {
        address.wrapping_add(self.bias)
    }

    /// Link address of a run-time address.
    pub fn link_time(&self, address: u64) -> u64 {
        address.wrapping_sub(self.bias)
    }

    /// Whether `address` lies in the image's text or in its stubs.
    pub fn in_code(&self, address: u64) -> bool {
        (address >= self.text.0 && address < self.text.1)
            || (address >= self.stubs.0 && address < self.stubs.1)
    }

    fn write_stubs(
        &mut self,
        image: &Image,
        layout: &Layout,
        helpers: Option<u64>,
    ) -> Result<(), LoadError> {
        let base = self.window.base();
        let offsets: Offsets = thread::offsets();
        let targets = Targets {
            text: self.text.0,
            text_len: self.text.1 - self.text.0,
            bits: base + layout.bits,
        };
        let overflow = dispatch::stack_overflow_entry as *const () as u64;
        let code = stubs::stack_check(overflow, &offsets);
        self.window.write(base + layout.stack_check, &code);
        let code = stubs::indirect_check(
            targets,
            dispatch::bad_target_entry as *const () as u64,
            dispatch::indirect_overflow_entry as *const () as u64,
            &offsets,
        );
        self.window.write(base + layout.indirect_check, &code);
        for (index, name) in image.imports.iter().enumerate() {
            let code = match (imports::find(name), helpers) {
                (Some(Provided::Helper(function) | Provided::Direct(function)), Some(top)) => {
                    stubs::apart(function, top, &offsets)
                }
                (Some(Provided::Helper(function)), None) => stubs::helper(function, &offsets),
                (Some(Provided::Direct(function)), None) => stubs::direct(function),
                (Some(Provided::Thunk), _) => stubs::trap(),
                (None, _) => return Err(LoadError::UnknownImport(name.clone())),
            };
            let at = base + layout.imports + index as u64 * stubs::IMPORT_STUB;
            self.window.write(at, &code);
        }
        let mut bits = vec![0u8; (targets.text_len as usize).div_ceil(8).next_multiple_of(8)];
        for function in image
            .functions
            .iter()
            .filter(|function| function.address_taken)
        {
            let at = (self.run_time(function.address) - targets.text) as usize;
            bits[at / 8] |= 1 << (at % 8);
        }
        self.window.write(targets.bits, &bits);
        Ok(())
    }

    /// Compares the old bytes of every patch site before anything in the text changes.
    fn compare_sites(&self, image: &Image) -> Result<(), LoadError> {
        let text = image
            .text()
            .ok_or_else(|| LoadError::Image("it has no text".into()))?;
        for site in &image.patch_sites {
            let at = site.address.wrapping_sub(text.address) as usize;
            if text.bytes.get(at..at.saturating_add(5)) != Some(&site.old[..]) {
                return Err(LoadError::Image(format!(
                    "patch site {:#x} does not hold the bytes it was recorded with",
                    site.address
                )));
            }
        }
        Ok(())
    }

    fn apply_fixups(&mut self, image: &Image, import_stubs: u64) -> Result<(), LoadError> {
        for fixup in &image.fixups {
            let target = match fixup.target {
                FixupTarget::Image(address) => self.run_time(address),
                FixupTarget::Import(index) => {
                    if index as usize >= image.imports.len() {
                        return Err(LoadError::Image(format!(
                            "import {index} is not on its list"
                        )));
                    }
                    import_stubs + u64::from(index) * stubs::IMPORT_STUB
                }
            };
            let place = self.run_time(fixup.place);
            let value = target.wrapping_add_signed(fixup.addend);
            let relative = value.wrapping_sub(place) as i64;
            let too_far = || {
                LoadError::Image(format!(
                    "fix-up {:#x} does not reach its target",
                    fixup.place
                ))
            };
            match fixup.kind {
                FixupKind::Abs64 => self.window.write(place, &value.to_le_bytes()),
                FixupKind::Abs32S => {
                    let value = i32::try_from(value as i64).map_err(|_| too_far())?;
                    self.window.write(place, &value.to_le_bytes());
                }
                FixupKind::Pc32 => {
                    let value = i32::try_from(relative).map_err(|_| too_far())?;
                    self.window.write(place, &value.to_le_bytes());
                }
            }
        }
        Ok(())
    }

    fn patch_sites(&mut self, image: &Image, layout: &Layout) {
        let base = self.window.base();
        for site in &image.patch_sites {
            let at = self.run_time(site.address);
            let near = |opcode: u8, target: u64| {
                // Everything lies in one window, so 32 bits reach.
                let distance = target.wrapping_sub(at + 5) as u32;
                let mut code = [opcode, 0, 0, 0, 0];
                code[1..].copy_from_slice(&distance.to_le_bytes());
                code
            };
            let code = match site.kind {
                PatchKind::Return => [0xc3, 0xcc, 0xcc, 0xcc, 0xcc],
                PatchKind::IndirectCall => near(0xe8, base + layout.indirect_check),
                PatchKind::IndirectJump => near(0xe9, base + layout.indirect_check),
                PatchKind::EntryNop5 => {
                    if !image
                        .function(site.address)
                        .is_some_and(|function| function.checked)
                    {
                        continue;
                    }
                    near(0xe8, base + layout.stack_check)
                }
            };
            self.window.write(at, &code);
        }
    }

    fn fill_slot(&mut self, slot: u64, contents: &rex_abi::rex_map_slot) {
        let at = self.run_time(slot);
        let mut bytes = [0u8; 40];
        bytes[0..8].copy_from_slice(&contents.handle.to_le_bytes());
        bytes[8..16].copy_from_slice(&contents.base.to_le_bytes());
        bytes[16..24].copy_from_slice(&contents.stride.to_le_bytes());
        bytes[24..28].copy_from_slice(&contents.count.to_le_bytes());
        self.window.write(at + 24, &bytes);
    }

    fn protect(&mut self, image: &Image, layout: &Layout) -> Result<(), LoadError> {
        let base = self.window.base();
        for segment in &image.segments {
            let access = match segment.kind {
                SegmentKind::Text => Access::ReadExecute,
                SegmentKind::Rodata | SegmentKind::Maps => Access::Read,
                SegmentKind::Data | SegmentKind::Bss => Access::ReadWrite,
            };
            self.window
                .protect(self.run_time(segment.address), segment.memory_len, access)?;
        }
        let stubs = layout.bits - layout.stack_check;
        self.window
            .protect(base + layout.stack_check, stubs, Access::ReadExecute)?;
        self.window
            .protect(base + layout.bits, layout.end - layout.bits, Access::Read)
    }
}

/// What follows a stack check unchecked must fit the slack, else a frame could jump over
/// the guard page.
fn check_frames(image: &Image) -> Result<(), LoadError> {
    let too_deep = image
        .functions
        .iter()
        .find(|function| function.frame > REX_FRAME_MAX || u64::from(function.chain_after) > SLACK);
    match too_deep {
        None => Ok(()),
        Some(function) => Err(LoadError::Image(format!(
            "`{}` uses {} bytes of stack, and {} up to the next check, more than {REX_FRAME_MAX} and {SLACK}",
            function.name, function.frame, function.chain_after
        ))),
    }
}

impl Layout {
    fn new(image: u64, imports: u64, text_len: u64) -> Self {
        let stack_check = image.next_multiple_of(PAGE);
        let indirect_check = stack_check + stubs::STACK_CHECK;
        let first_import = indirect_check + stubs::INDIRECT_CHECK;
        let stubs_end = first_import + imports * stubs::IMPORT_STUB;
        let bits = stubs_end.next_multiple_of(PAGE);
        let end = (bits + text_len.div_ceil(8) + 8).next_multiple_of(PAGE);
        Self {
            stack_check,
            indirect_check,
            imports: first_import,
            stubs_end,
            bits,
            end,
        }
    }
}
