// SPDX-License-Identifier: GPL-2.0-only
//! Where a panic can start: calls of core's panicking functions that the optimiser left, at
//! the line that caused them.

use crate::code::{Callee, Code};
use crate::image::Image;
use crate::source_map::Frame;

/// Why a program may panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PanicCause {
    /// An index outside an array or slice.
    Bounds,
    /// A range outside a slice or string.
    SliceRange,
    /// `unwrap` or `expect` without a value.
    Unwrap,
    /// Arithmetic whose result does not fit.
    Overflow,
    /// A division or remainder by zero.
    DivisionByZero,
    /// Slices of different lengths are copied.
    SliceLength,
    /// A cell is borrowed twice.
    Borrow,
    /// `panic!`, `assert!`, `unreachable!` and their like.
    Explicit,
}

impl PanicCause {
    /// Name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bounds => "bounds",
            Self::SliceRange => "slice_range",
            Self::Unwrap => "unwrap",
            Self::Overflow => "overflow",
            Self::DivisionByZero => "division_by_zero",
            Self::SliceLength => "slice_length",
            Self::Borrow => "borrow",
            Self::Explicit => "explicit",
        }
    }

    /// By the name of the function of core that is called.
    fn of(callee: &str) -> Self {
        let last = callee.rsplit("::").next().unwrap_or(callee);
        if last == "panic_bounds_check" {
            Self::Bounds
        } else if last.contains("_overflow") {
            Self::Overflow
        } else if last.ends_with("_by_zero") {
            Self::DivisionByZero
        } else if last.contains("unwrap") || last.contains("expect") {
            Self::Unwrap
        } else if last.contains("len_mismatch") {
            Self::SliceLength
        } else if callee.starts_with("core::slice::") || callee.starts_with("core::str::") {
            Self::SliceRange
        } else if callee.starts_with("core::cell::") {
            Self::Borrow
        } else {
            Self::Explicit
        }
    }
}

/// A place where a panic can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanicSite {
    /// Function it lies in, by index.
    pub function: usize,
    /// Link address of the call.
    pub address: u64,
    /// Why.
    pub cause: PanicCause,
    /// The function of core that is called.
    pub callee: String,
    /// Source positions, innermost first.
    pub frames: Vec<Frame>,
}

impl PanicSite {
    /// The innermost position in the package's own source.
    pub fn own_line(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.is_own())
    }
}

/// By function: whether it is part of how a panic is raised, which never comes back.
pub(super) fn functions(image: &Image, code: &Code) -> Vec<bool> {
    let begins = |function: usize| {
        code.functions[function].sites.iter().any(|site| {
            matches!(site.callee, Callee::Import(import) if image.imports[import] == "rex_panic_begin")
        })
    };
    let functions = image.functions.iter().enumerate();
    functions
        .map(|(index, function)| {
            let raises = function.name.starts_with("core::") || begins(index);
            raises && !code.functions[index].returns
        })
        .collect()
}

/// Calls of panicking functions from others, by address.
pub(super) fn sites(image: &Image, code: &Code, panicking: &[bool]) -> Vec<PanicSite> {
    let mut found = Vec::new();
    for (function, own) in code.functions.iter().enumerate() {
        if panicking[function] {
            continue;
        }
        for site in &own.sites {
            let Callee::Function(callee) = site.callee else {
                continue;
            };
            if panicking[callee] {
                let callee = image.functions[callee].name.clone();
                let frames = image.source_map.locate(site.address);
                found.push(PanicSite {
                    function,
                    address: site.address,
                    cause: cause(&callee, &frames),
                    callee,
                    frames,
                });
            }
        }
    }
    found
}

/// By the callee, or where that is a general one, by what was inlined around it.
fn cause(callee: &str, frames: &[Frame]) -> PanicCause {
    let inlined = frames
        .iter()
        .take_while(|frame| !frame.is_own())
        .map(|frame| PanicCause::of(&frame.function));
    [PanicCause::of(callee)]
        .into_iter()
        .chain(inlined)
        .find(|cause| *cause != PanicCause::Explicit)
        .unwrap_or(PanicCause::Explicit)
}
