// SPDX-License-Identifier: GPL-2.0-only
//! Worst-case stack depth of programs.
//!
//! What is counted starts with the return address that the dispatcher pushes. A call costs
//! the caller's stack in use at the call, 8 bytes for the return address, and what the
//! callee needs; a tail jump costs no return address. What imports use is not counted: it
//! has a reserve of its own. How a panic is raised and its message formatted is counted
//! apart, because the budget is enlarged for it.

use rex_abi as abi;

use super::table::{Graph, Reached, Table};
use crate::checks::WORD;
use crate::code::Callee;
use crate::image::Image;
use crate::source_map::Frame;

/// What a number of bytes means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The deepest path through the code takes this much.
    Exact,
    /// No path takes more.
    AtMost,
    /// Some path takes this much, and there may be deeper ones.
    AtLeast,
    /// Nothing is known.
    Unknown,
}

impl Certainty {
    /// Name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::AtMost => "at_most",
            Self::AtLeast => "at_least",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a number is not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Doubt {
    /// Functions call each other in a circle.
    Recursion,
    /// A call through a pointer.
    IndirectCall,
    /// A function aligns its stack at run time.
    Alignment,
    /// The compiler's and the code's frame size differ.
    FrameDiffers,
}

impl Doubt {
    /// Name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recursion => "recursion",
            Self::IndirectCall => "indirect_call",
            Self::Alignment => "alignment",
            Self::FrameDiffers => "frame_differs",
        }
    }
}

/// What to blame for a number that is not exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// Why.
    pub doubt: Doubt,
    /// Function it lies in, by index.
    pub function: usize,
    /// Link address.
    pub address: u64,
    /// Source positions, innermost first.
    pub frames: Vec<Frame>,
    /// The line in the package's own source: of `frames`, or of the call that leads there.
    pub line: Option<Frame>,
}

/// A function on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Function, by index.
    pub function: usize,
    /// Bytes in use when it is entered, its return address included.
    pub depth: u32,
    /// Link address of the call that entered it; 0 for the program itself.
    pub call: u64,
}

/// Stack that a program uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes.
    pub bytes: u32,
    /// What they mean.
    pub certainty: Certainty,
    /// Whether stack checks end a program that would use more.
    pub checked: bool,
    /// Functions on the deepest path found.
    pub path: Vec<Step>,
    /// Everything that makes it less than exact, the nearest to the program first.
    pub blame: Vec<Blame>,
}

/// Most that a program with stack checks can use: a check passes at the budget, and the
/// chain behind it fits the slack.
const CHECKED: u32 = abi::REX_STACK_BUDGET + abi::REX_STACK_SLACK;

/// Deepest paths from every function.
pub(super) struct Depths<'a> {
    image: &'a Image,
    graph: &'a Graph<'a>,
    /// Without panics, and with everything.
    plain: Table,
    full: Table,
}

impl<'a> Depths<'a> {
    pub(super) fn new(image: &'a Image, graph: &'a Graph<'a>) -> Self {
        Self {
            image,
            graph,
            plain: Table::new(graph, false),
            full: Table::new(graph, true),
        }
    }

    /// Bytes of the deepest path from a function without a panic, its return address not counted.
    pub(super) fn depth(&self, function: usize) -> u32 {
        self.plain.depth[function]
    }

    /// Stack that a program uses without a panic.
    pub(super) fn usage(&self, entry: usize) -> Usage {
        self.measured(entry, &self.plain)
    }

    /// Stack in use at most when a panic is raised and its message formatted; nothing if the
    /// program cannot panic.
    pub(super) fn panic_usage(&self, entry: usize) -> Option<Usage> {
        let reached = self.graph.reached(entry, true);
        let can = reached
            .iter()
            .any(|reached| self.graph.panicking[reached.function]);
        can.then(|| self.measured(entry, &self.full))
    }

    fn measured(&self, entry: usize, table: &Table) -> Usage {
        let reached = self.graph.reached(entry, table.with_panics);
        let mut blame = Vec::new();
        for at in 0..reached.len() {
            self.blame(&reached, at, table, &mut blame);
        }
        let found = |doubt| blame.iter().any(|blame: &Blame| blame.doubt == doubt);
        let cyclic = reached.iter().any(|reached| table.cyclic[reached.function]);
        let functions = &self.image.functions;
        let checked = reached
            .iter()
            .any(|reached| functions[reached.function].checked);
        let bytes = table.depth[entry].saturating_add(WORD);
        let (bytes, certainty) = if found(Doubt::Recursion) {
            (bytes, Certainty::AtLeast)
        } else if cyclic {
            // Only a call through a pointer could close the circle: the checks are the bound.
            (CHECKED, Certainty::AtMost)
        } else if found(Doubt::IndirectCall) || found(Doubt::Alignment) {
            (bytes, Certainty::AtMost)
        } else {
            (bytes, Certainty::Exact)
        };
        let steps = table.path(entry).into_iter();
        Usage {
            bytes,
            certainty,
            checked,
            path: steps
                .map(|(function, depth, call)| Step {
                    function,
                    depth: depth + WORD,
                    call,
                })
                .collect(),
            blame,
        }
    }

    /// The innermost line of the package's own source at an address in the function at `at`,
    /// or at the calls that lead there.
    fn own_line(&self, reached: &[Reached], at: usize, address: u64) -> Option<Frame> {
        let (mut at, mut address) = (at, address);
        loop {
            let frames = self.image.source_map.locate(address);
            if let Some(own) = frames.into_iter().find(Frame::is_own) {
                return Some(own);
            }
            (at, address) = reached[at].from?;
        }
    }

    /// Adds what is to be doubted about one function.
    fn blame(&self, reached: &[Reached], at: usize, table: &Table, found: &mut Vec<Blame>) {
        let function = reached[at].function;
        let mut add = |doubt, address| {
            found.push(Blame {
                doubt,
                function,
                address,
                frames: self.image.source_map.locate(address),
                line: self.own_line(reached, at, address),
            });
        };
        let (own, declared) = (
            &self.graph.code.functions[function],
            &self.image.functions[function],
        );
        if own.realigns {
            add(Doubt::Alignment, declared.address);
        } else if own.frame != declared.frame {
            add(Doubt::FrameDiffers, declared.address);
        }
        for site in &own.sites {
            match site.callee {
                Callee::Indirect => add(Doubt::IndirectCall, site.address),
                Callee::Function(callee) if self.graph.in_cycle(function, callee) => {
                    if self.graph.counts(callee, table.with_panics) {
                        add(Doubt::Recursion, site.address);
                    }
                }
                Callee::Function(_) | Callee::Import(_) => {}
            }
        }
    }
}
