// SPDX-License-Identifier: GPL-2.0-only
//! The layouts that programs are compiled with.
//!
//! Those of tracepoints are the committed snapshot of the kernel's format files, which the
//! attributes read as well. An image names the layout of each program and lists the fields
//! it uses; a target compares them with its own before it attaches.

pub use snapshot::{Field, Kind, Layout, names};

#[path = "../../../kernel_crate/rex-macros/src/snapshot.rs"]
mod snapshot;

/// Contexts of the other program types: part of this contract itself.
pub const CONTEXTS: &[Layout] = &[
    opaque("pt_regs", 168),
    opaque("rex_xdp_ctx", 48),
    opaque("rex_skb_ctx", 112),
    opaque("rex_perf_ctx", 192),
];

/// A context without fields to compare.
const fn opaque(name: &'static str, size: u32) -> Layout {
    let words = "";
    Layout { name, size, words }
}

/// Whether [`rex_program::fields`](crate::rex_program::fields) has field `index`.
pub fn uses(used: u32, index: usize) -> bool {
    used == 0 || used >> index & 1 != 0
}

/// Bytes of a record up to the end of its last used field, rounded up to 8.
pub fn size_used(layout: &Layout, used: u32) -> u32 {
    let fields = layout.fields().enumerate();
    let end = fields
        .filter(|(index, _)| uses(used, *index))
        .map(|(_, field)| field.offset + field.size)
        .last();
    end.map_or(layout.size, |end| end.next_multiple_of(8))
}

/// Finds a layout by the name an image uses; for tracepoints the `category/event` of the
/// hook.
pub fn context(name: &str) -> Option<Layout> {
    let fixed = CONTEXTS.iter().find(|candidate| candidate.name == name);
    fixed.copied().or_else(|| snapshot::find(name))
}
