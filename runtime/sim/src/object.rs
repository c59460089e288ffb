// SPDX-License-Identifier: GPL-2.0-only
//! A loaded image: its memory, maps, programs and what they are attached to.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rex_image::{Image, ProgramKind};
use serde_json::{Value, json};

use crate::error::{Failure, Kind, LoadError};
use crate::event::{Sink, event};
use crate::hooks::{self, Hook};
use crate::imports;
use crate::maps::Map;
use crate::place::Placed;
use crate::runner::CPUS;

const INDEX_BITS: u32 = 16;
/// The import that changes a function's return value.
const OVERRIDE: &str = "rex_override_return";

/// Time a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Of programs in task context.
    pub task: Duration,
    /// Of packet programs, which run in interrupt context in a kernel.
    pub interrupt: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            task: Duration::from_secs(1),
            interrupt: Duration::from_millis(100),
        }
    }
}

/// What is counted about a program.
#[derive(Debug, Default)]
pub struct ProgramState {
    /// Ended once, never run again.
    pub dead: AtomicBool,
    /// Runs.
    pub runs: AtomicU64,
    /// Times its hook fired and it was not run.
    pub missed: AtomicU64,
    /// Runs whose time was taken.
    pub timed_runs: AtomicU64,
    /// Their time in all, in nanoseconds.
    pub timed_ns: AtomicU64,
}

/// A program on a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Number in the protocol.
    pub id: u64,
    /// Index of the program.
    pub program: usize,
    /// Name of the hook.
    pub attach: String,
    /// The hook.
    pub hook: Hook,
}

/// A loaded image.
pub struct Object {
    /// What it was loaded from.
    pub image: Image,
    /// Its memory.
    pub placed: Placed,
    /// Its maps, in the image's order.
    pub maps: Vec<Map>,
    /// Its programs, in the image's order.
    pub programs: Vec<ProgramState>,
    /// Time a run may take.
    pub budgets: Budgets,
    /// By program: whether it may change a function's return value.
    overrides: Vec<bool>,
    cookie: u64,
    sink: Sink,
    links: Mutex<Arc<Vec<Link>>>,
    generation: AtomicU64,
}

impl Object {
    /// Judges the image's code, creates the maps and places the image. Nothing is left
    /// behind if any of it fails.
    pub fn load(image: Image, budgets: Budgets, sink: Sink) -> Result<Self, LoadError> {
        Self::load_with_helpers_on(image, budgets, sink, None)
    }

    /// As [`Object::load`], with helpers on the stack that ends at `helpers`, if there is one.
    pub fn load_with_helpers_on(
        image: Image,
        budgets: Budgets,
        sink: Sink,
        helpers: Option<u64>,
    ) -> Result<Self, LoadError> {
        let overrides = rex_image::callers(&image, OVERRIDE).map_err(LoadError::Audit)?;
        let create = |map| Map::create(map, CPUS);
        let maps: Vec<Map> = image.maps.iter().map(create).collect::<Result<_, _>>()?;
        if maps.len() >= 1 << INDEX_BITS {
            return Err(LoadError::Image("it has more than 65535 maps".into()));
        }
        let random = || u64::from(imports::random());
        let cookie = (random() << 32 | random()) >> INDEX_BITS << INDEX_BITS | 1 << 63;
        let handle = |index: usize| cookie | index as u64;
        let slots: Vec<_> = (image.maps.iter().zip(&maps).enumerate())
            .map(|(index, (declared, map))| (declared.slot, map.slot(handle(index))))
            .collect();
        let placed = Placed::new(&image, &slots, helpers)?;
        let programs = image
            .programs
            .iter()
            .map(|_| ProgramState::default())
            .collect();
        Ok(Self {
            placed,
            maps,
            programs,
            budgets,
            overrides,
            cookie,
            sink,
            links: Mutex::default(),
            generation: AtomicU64::new(0),
            image,
        })
    }

    /// Index of the map a handle names.
    pub fn map_index(&self, handle: u64) -> Option<usize> {
        let index = (handle ^ self.cookie) as usize;
        (index < self.maps.len()).then_some(index)
    }

    /// The map a handle names.
    pub fn map(&self, handle: u64) -> Option<&Map> {
        self.maps.get((handle ^ self.cookie) as usize)
    }

    /// Index of a program by name.
    pub fn program(&self, name: &str) -> Option<usize> {
        self.image
            .programs
            .iter()
            .position(|program| program.name == name)
    }

    /// Sends an event of a program.
    pub fn report(&self, kind: &str, program: usize, fields: Value) {
        let name = self
            .image
            .programs
            .get(program)
            .map_or("", |program| &program.name);
        (self.sink)(event(kind, name, fields));
    }

    /// Time a run of this kind of program may take.
    pub fn budget(&self, kind: ProgramKind) -> Duration {
        match kind {
            ProgramKind::Xdp | ProgramKind::Tc => self.budgets.interrupt,
            _ => self.budgets.task,
        }
    }

    /// Puts a program on the hook that `target` names, or its own if that is `None`.
    pub fn attach(&self, program: usize, target: Option<&str>, id: u64) -> Result<Link, Failure> {
        let declared = &self.image.programs[program];
        if self.programs[program].dead.load(Ordering::Relaxed) {
            let message = format!(
                "program `{}` is dead: it was ended and detached",
                declared.name
            );
            return Err(Failure::new(Kind::Unsupported, message)
                .repair("correct it, build it and load the new image"));
        }
        let attach = target.unwrap_or(&declared.attach);
        let hook = if self.overrides[program] {
            hooks::resolve_injectable(declared, attach)?
        } else {
            hooks::resolve(declared, attach)?
        };
        let link = Link {
            id,
            program,
            attach: attach.to_owned(),
            hook,
        };
        let mut links = self.lock_links();
        if links
            .iter()
            .any(|other| other.program == program && other.hook == hook)
        {
            let message = format!(
                "program `{}` is attached to `{attach}` already",
                declared.name
            );
            return Err(Failure::new(Kind::Busy, message).repair("detach it first"));
        }
        Arc::make_mut(&mut links).push(link.clone());
        self.generation.fetch_add(1, Ordering::Release);
        drop(links);
        self.report("attach", program, json!({ "link": id, "attach": attach }));
        Ok(link)
    }

    /// Takes a program off a hook; false if there is no such link.
    pub fn detach(&self, id: u64) -> bool {
        let gone = self.remove_links(|link| link.id == id);
        !gone.is_empty()
    }

    /// Marks a program dead and takes it off its hooks.
    pub fn kill(&self, program: usize) {
        self.programs[program].dead.store(true, Ordering::Relaxed);
        self.remove_links(|link| link.program == program);
    }

    /// Takes every program off its hooks.
    pub fn detach_all(&self) {
        self.remove_links(|_| true);
    }

    /// Every link.
    pub fn links(&self) -> Arc<Vec<Link>> {
        Arc::clone(&self.lock_links())
    }

    /// Changes whenever the links do.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn remove_links(&self, gone: impl Fn(&Link) -> bool) -> Vec<Link> {
        let mut links = self.lock_links();
        let (removed, kept): (Vec<_>, Vec<_>) = links.iter().cloned().partition(gone);
        if !removed.is_empty() {
            *links = Arc::new(kept);
            self.generation.fetch_add(1, Ordering::Release);
        }
        drop(links);
        for link in &removed {
            let fields = json!({ "link": link.id, "attach": link.attach });
            self.report("detach", link.program, fields);
        }
        removed
    }

    fn lock_links(&self) -> MutexGuard<'_, Arc<Vec<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rex_image::{MapLayout, Segment, SegmentKind};

    use super::*;

    #[test]
    fn only_its_own_handles_name_maps() {
        let map = |name: &str, slot| rex_image::Map {
            name: name.into(),
            kind: rex_abi::REX_MAP_ARRAY,
            key_size: 4,
            value_size: 8,
            max_entries: 1,
            flags: 0,
            slot,
            layout: MapLayout::default(),
        };
        // Kind, sizes, entries and flags of two maps, then what the loader fills.
        let declared = [rex_abi::REX_MAP_ARRAY, 4, 8, 1, 0, 0];
        let mut slot: Vec<u8> = declared
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        slot.resize(size_of::<rex_abi::rex_map_slot>(), 0);
        let slots = slot.repeat(2);
        let segment = |kind, address| Segment {
            kind,
            address,
            memory_len: 4096,
            bytes: match kind {
                // Padding.
                SegmentKind::Text => vec![0xcc; 4096],
                _ => slots.clone(),
            },
        };
        let image = Image {
            link_base: 0x10000,
            segments: vec![
                segment(SegmentKind::Text, 0x10000),
                segment(SegmentKind::Maps, 0x11000),
            ],
            maps: vec![map("A", 0x11000), map("B", 0x11040)],
            ..Image::default()
        };
        let object = Object::load(image, Budgets::default(), Box::new(|_| ())).unwrap();
        let slot = object.placed.run_time(0x11040) + 24;
        // SAFETY: the word lies in the image's map slots.
        let handle = unsafe { *(slot as *const u64) };
        assert_eq!(object.map_index(handle), Some(1));
        assert_eq!(object.map(handle).unwrap().name, "B");
        for wrong in [0, 1, 2, handle + 1, handle ^ 1 << 40, u64::MAX] {
            assert_eq!(object.map_index(wrong), None, "{wrong:#x}");
            assert!(object.map(wrong).is_none());
        }
    }
}
