// SPDX-License-Identifier: GPL-2.0-only
//! The container `NAME.rex` of an extension: made from a linked ELF by [`pack`], written by
//! [`Image::to_bytes`], read back by [`Image::parse`].
//!
//! [`Image::parse`] trusts nothing: every offset, count, range and number is checked and no
//! input makes it panic. What it returns satisfies the invariants on [`Image`].

#![forbid(unsafe_code)]

mod analysis;
mod audit;
mod checks;
mod code;
mod error;
mod flags;
mod image;
mod pack;
mod parse;
mod source_map;
mod validate;
mod write;

pub use analysis::{
    Analysis, Blame, Call, CallTarget, Certainty, Doubt, FunctionFacts, PanicCause, PanicSite,
    ProgramFacts, Step, Usage, analyse, callers,
};
pub use audit::{AuditError, Cause, Entered, Listed, Refused, audit, listing, write_findings};
pub use error::ImageError;
pub use flags::flags;
pub use image::{
    BuildRecord, ContextField, ContextLayout, EnumField, Fixup, FixupKind, FixupTarget, Function,
    Image, Location, Map, MapLayout, PatchKind, PatchSite, Program, ProgramKind, Segment,
    SegmentKind, Span, ValueLayout,
};
pub use pack::{MapTypes, PackError, PackOptions, Shape, TypeTree, map_types, pack};
pub use source_map::{Frame, SourceFrame, SourceMap, SourceRange};

/// The linker script an extension is linked with.
pub const LINK_SCRIPT: &str = include_str!("../link.ld");
