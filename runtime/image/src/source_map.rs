// SPDX-License-Identifier: GPL-2.0-only
//! From an address to the source positions it stands for.

/// One position of an address, as [`SourceMap::locate`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Function, demangled.
    pub function: String,
    /// File; relative to the package where it lies inside.
    pub file: String,
    /// Line, 1-based, 0 if unknown.
    pub line: u32,
    /// Column, 1-based, 0 if unknown.
    pub column: u32,
}

impl Frame {
    /// Whether it is a line of the package's own source: paths there are relative.
    pub fn is_own(&self) -> bool {
        self.line > 0 && !self.file.is_empty() && !self.file.starts_with('/')
    }
}

/// A run of code that comes from one position: up to the start of the next range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRange {
    /// First address.
    pub start: u64,
    /// Index of the innermost frame, or nothing for code without a position.
    pub frame: Option<u32>,
}

/// A position and the one it is inlined into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFrame {
    /// The position.
    pub frame: Frame,
    /// Index of the frame this one is inlined into; smaller than its own index.
    pub caller: Option<u32>,
}

/// Source positions of an image's code.
///
/// # Invariants
/// Starts of `ranges` ascend strictly; indices are inside `frames`; a caller's index is
/// smaller than that of the frame it belongs to, so chains end.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SourceMap {
    /// Runs of code.
    pub ranges: Vec<SourceRange>,
    /// Positions.
    pub frames: Vec<SourceFrame>,
}

impl SourceMap {
    /// The positions of `address`, innermost first, then what it is inlined into. Empty if
    /// nothing is known. For a return address ask for the address before it.
    pub fn locate(&self, address: u64) -> Vec<Frame> {
        let after = self.ranges.partition_point(|range| range.start <= address);
        let mut next = after
            .checked_sub(1)
            .and_then(|index| self.ranges[index].frame);
        let mut found = Vec::new();
        while let Some(index) = next {
            let Some(entry) = self.frames.get(index as usize) else {
                break;
            };
            found.push(entry.frame.clone());
            next = entry.caller.filter(|caller| *caller < index);
        }
        found
    }

    /// The line of the package's own source that the function starting at `address` has:
    /// what is inlined at its start does not count.
    pub fn own_line(&self, address: u64) -> Option<Frame> {
        self.locate(address).into_iter().rev().find(Frame::is_own)
    }
}
