// SPDX-License-Identifier: GPL-2.0-only
//! What an invocation holds: locks, ring-buffer reservations, owned tasks.
//!
//! A slot is filled before the helper returns to the extension, so there is no time at
//! which something is held and not known.

use std::cell::Cell;

use rex_abi::REX_RESOURCE_SLOTS;

/// Something held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A spin lock, by the address of its word.
    Lock(u64),
    /// A ring-buffer record: index of the map, address of its data.
    Record(usize, u64),
    /// A reference to a task, by thread id.
    Task(i32),
}

impl Resource {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock(_) => "spin lock",
            Self::Record(..) => "ring buffer reservation",
            Self::Task(_) => "task reference",
        }
    }
}

/// A resource and the return address of the call that acquired it.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// What is held.
    pub resource: Resource,
    /// Run-time address behind the acquiring call.
    pub at: u64,
}

/// The slots of one invocation.
pub struct Resources {
    held: Cell<u32>,
    slots: [Cell<Option<Held>>; REX_RESOURCE_SLOTS as usize],
}

impl Resources {
    /// All free.
    pub fn new() -> Self {
        Self {
            held: Cell::new(0),
            slots: [const { Cell::new(None) }; REX_RESOURCE_SLOTS as usize],
        }
    }

    /// Notes a resource; gives its slot, or none if all are taken.
    pub fn add(&self, resource: Resource, at: u64) -> Option<usize> {
        let free = self.slots.iter().position(|slot| slot.get().is_none())?;
        self.slots[free].set(Some(Held { resource, at }));
        self.held.set(self.held.get() + 1);
        Some(free)
    }

    /// Whether a slot is free.
    pub fn has_room(&self) -> bool {
        self.held.get() < REX_RESOURCE_SLOTS
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.held.get() == 0
    }

    /// What is held in `slot`.
    pub fn get(&self, slot: usize) -> Option<Held> {
        self.slots.get(slot)?.get()
    }

    /// Frees `slot`.
    pub fn remove(&self, slot: usize) {
        if self.slots.get(slot).and_then(Cell::take).is_some() {
            self.held.set(self.held.get() - 1);
        }
    }

    /// The slot in which `wanted` is held.
    pub fn find(&self, wanted: impl Fn(Resource) -> bool) -> Option<usize> {
        self.slots
            .iter()
            .position(|slot| slot.get().is_some_and(|held| wanted(held.resource)))
    }

    /// Empties every slot, last acquired first.
    pub fn drain(&self) -> Vec<Held> {
        self.held.set(0);
        self.slots.iter().rev().filter_map(Cell::take).collect()
    }
}

impl Default for Resources {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_run_out_and_come_back() {
        let resources = Resources::new();
        for index in 0..64 {
            assert_eq!(
                resources.add(Resource::Task(index), 1),
                Some(index as usize)
            );
        }
        assert_eq!(resources.add(Resource::Lock(8), 1), None);
        assert!(!resources.has_room());
        resources.remove(5);
        assert_eq!(resources.add(Resource::Lock(8), 1), Some(5));
        assert_eq!(resources.find(|held| held == Resource::Lock(8)), Some(5));
        assert_eq!(resources.drain().len(), 64);
        assert!(resources.drain().is_empty());
    }
}
