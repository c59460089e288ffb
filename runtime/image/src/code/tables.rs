// SPDX-License-Identifier: GPL-2.0-only
//! An image's records by address.

use std::collections::HashMap;

use crate::image::{Fixup, Image, PatchSite, SegmentKind};

/// Looks up what a loader will change.
pub(super) struct Tables<'image> {
    image: &'image Image,
    sites: HashMap<u64, &'image PatchSite>,
}

impl<'image> Tables<'image> {
    pub(super) fn new(image: &'image Image) -> Self {
        let sites = image.patch_sites.iter();
        Self {
            image,
            sites: sites.map(|site| (site.address, site)).collect(),
        }
    }

    /// The patch site that starts at an address.
    pub(super) fn site(&self, address: u64) -> Option<&'image PatchSite> {
        self.sites.get(&address).copied()
    }

    /// The fix-up whose place starts inside a range of addresses.
    pub(super) fn fixup(&self, start: u64, end: u64) -> Option<&'image Fixup> {
        let fixups = &self.image.fixups;
        let first = fixups.partition_point(|fixup| fixup.place < start);
        fixups.get(first).filter(|fixup| fixup.place < end)
    }

    /// Index of the function that starts at an address.
    pub(super) fn entry(&self, address: u64) -> Option<usize> {
        self.image
            .functions
            .binary_search_by_key(&address, |function| function.address)
            .ok()
    }

    /// Kind of the segment an address lies in, its end included.
    pub(super) fn segment(&self, address: u64) -> Option<SegmentKind> {
        let found = self.image.segments.iter().rev().find(|segment| {
            address >= segment.address && address <= segment.address + segment.memory_len
        });
        found.map(|segment| segment.kind)
    }
}
