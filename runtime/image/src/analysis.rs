// SPDX-License-Identifier: GPL-2.0-only
//! What the machine code of an image says: how much stack each program needs and how certain
//! that is, which functions call which, where a panic can still happen, and what there is to
//! doubt.

mod depth;
pub(crate) mod graph;
mod panics;
mod table;

use iced_x86::{Instruction, Mnemonic};

use crate::audit::{self, AuditError};
use crate::code::{Callee, Site};
use crate::image::Image;
pub use depth::{Blame, Certainty, Doubt, Step, Usage};
pub use panics::{PanicCause, PanicSite};
use table::Graph;

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallTarget {
    /// A function, by index.
    Function(usize),
    /// An import, by name.
    Import(String),
    /// Any of these functions, by index: those whose address is taken.
    Indirect(Vec<usize>),
}

/// A call or tail jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Link address.
    pub address: u64,
    /// Bytes of the function's stack in use there, return address not counted.
    pub height: u32,
    /// Where it goes.
    pub target: CallTarget,
    /// Whether the callee returns in the caller's place.
    pub tail: bool,
}

/// What the code of one function says; the image has the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFacts {
    /// Bytes of stack that its instructions take, return address not counted.
    pub frame: u32,
    /// Whether it aligns its stack at run time, so that `frame` is an upper bound.
    pub realigns: bool,
    /// Whether it can return.
    pub returns: bool,
    /// Bytes of the deepest path from it, its return address and panics not counted; circles
    /// and calls through pointers are counted as far as they are known.
    pub depth: u32,
    /// Whether it is part of how a panic is raised, which is counted apart.
    pub raises: bool,
    /// Its calls that can be reached, by address.
    pub calls: Vec<Call>,
}

/// What the code of one program says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Index in the image.
    pub program: usize,
    /// Stack it uses without a panic.
    pub stack: Usage,
    /// Stack in use at most when a panic's message is formatted, if it can panic.
    pub panic_stack: Option<Usage>,
    /// Its panic sites, as indices into [`Analysis::panics`].
    pub panics: Vec<usize>,
}

/// What the code of an image says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// Functions, in the image's order.
    pub functions: Vec<FunctionFacts>,
    /// Programs, in the image's order.
    pub programs: Vec<ProgramFacts>,
    /// Functions that call each other in a circle, directly; by index.
    pub cycles: Vec<Vec<usize>>,
    /// Places where a panic can start.
    pub panics: Vec<PanicSite>,
    /// Link addresses of instructions that the processor refuses on purpose (`ud2`).
    pub traps: Vec<u64>,
}

/// Reads an image's code.
///
/// # Errors
/// The audit gate refuses it: nothing that follows would be true.
pub fn analyse(image: &Image) -> Result<Analysis, Vec<AuditError>> {
    let code = audit::read(image)?;
    let panicking = panics::functions(image, &code);
    let panics = panics::sites(image, &code, &panicking);
    let graph = Graph::new(image, &code, panicking);
    let depths = depth::Depths::new(image, &graph);
    let programs = image.programs.iter().enumerate();
    Ok(Analysis {
        programs: programs
            .filter_map(|(program, declared)| {
                let entry = image
                    .functions
                    .binary_search_by_key(&declared.entry, |function| function.address);
                let entry = entry.ok()?;
                let mut reached = vec![false; image.functions.len()];
                for found in graph.reached(entry, false) {
                    reached[found.function] = true;
                }
                let sites = panics.iter().enumerate();
                Some(ProgramFacts {
                    program,
                    stack: depths.usage(entry),
                    panic_stack: depths.panic_usage(entry),
                    panics: sites
                        .filter(|(_, site)| reached[site.function])
                        .map(|(index, _)| index)
                        .collect(),
                })
            })
            .collect(),
        functions: (code.functions.iter().enumerate())
            .map(|(index, function)| FunctionFacts {
                frame: function.frame,
                realigns: function.realigns,
                returns: function.returns,
                depth: depths.depth(index),
                raises: graph.panicking[index],
                calls: (function.sites.iter())
                    .map(|site| call(image, site, &graph.candidates))
                    .collect(),
            })
            .collect(),
        cycles: graph.cycles.clone(),
        panics,
        traps: (code.instructions.iter())
            .filter(|instruction| instruction.mnemonic() == Mnemonic::Ud2)
            .map(Instruction::ip)
            .collect(),
    })
}

/// Judges an image's code as [`audit`](crate::audit) does and finds the programs, by index in
/// the image, that may call an import, raising a panic included.
///
/// # Errors
/// The audit gate refuses the code.
pub fn callers(image: &Image, import: &str) -> Result<Vec<bool>, Vec<AuditError>> {
    let code = audit::read(image)?;
    let graph = Graph::new(image, &code, vec![false; code.functions.len()]);
    let calls = |function: usize| {
        (code.functions[function].sites.iter())
            .any(|site| matches!(site.callee, Callee::Import(to) if image.imports[to] == import))
    };
    let reaches = |entry: u64| {
        let entry = image
            .functions
            .binary_search_by_key(&entry, |function| function.address);
        // A program without code that is known may call anything.
        entry.map_or(true, |entry| {
            (graph.reached(entry, true).iter()).any(|reached| calls(reached.function))
        })
    };
    Ok(image
        .programs
        .iter()
        .map(|program| reaches(program.entry))
        .collect())
}

fn call(image: &Image, site: &Site, candidates: &[usize]) -> Call {
    let target = match site.callee {
        Callee::Function(function) => CallTarget::Function(function),
        Callee::Import(import) => CallTarget::Import(image.imports[import].clone()),
        Callee::Indirect => CallTarget::Indirect(candidates.to_vec()),
    };
    Call {
        address: site.address,
        height: site.height,
        target,
        tail: site.tail,
    }
}
