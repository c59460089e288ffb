// SPDX-License-Identifier: GPL-2.0-only
//! Which functions check the stack at their entry, and how much stack the functions without
//! a check use behind one.
//!
//! A function checks if it is on a cycle of direct calls or may be called indirectly, and
//! where a chain of functions behind a check would not fit the slack. A function's *chain*
//! is the stack in use below its return address until control is back, passes the next
//! check or leaves for an import. A check at entry pushes a return address of its own, as
//! does the check of an indirect call; both are counted.

use rex_abi as abi;

use crate::analysis::graph::components;
use crate::audit::{AuditError, Cause, Entered, Reporter};
use crate::code::{Callee, Code, Site};
use crate::image::Image;

/// Bytes of a return address.
pub(crate) const WORD: u32 = 8;

/// Where the checks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checks {
    /// By function: whether it checks.
    pub checked: Vec<bool>,
    /// By function: its chain if it checks, else 0.
    pub chain_after: Vec<u32>,
}

/// Direct callees of every function, by index.
pub(crate) fn direct_calls(code: &Code) -> Vec<Vec<usize>> {
    let direct = |site: &Site| match site.callee {
        Callee::Function(callee) => Some(callee),
        Callee::Import(_) | Callee::Indirect => None,
    };
    let functions = code.functions.iter();
    functions
        .map(|function| function.sites.iter().filter_map(direct).collect())
        .collect()
}

impl Checks {
    /// Finds where checks are needed: the same code always gives the same answer.
    ///
    /// # Errors
    /// A chain that no further check can shorten, or a program whose chain before its first
    /// check is over the budget.
    pub(crate) fn find(image: &Image, code: &Code) -> Result<Self, Vec<AuditError>> {
        let calls = direct_calls(code);
        let order = components(&calls);
        let mut checked = vec![false; code.functions.len()];
        for component in &order {
            if component.len() > 1 || calls[component[0]].contains(&component[0]) {
                for function in component {
                    checked[*function] = true;
                }
            }
        }
        let any_indirect = (code.functions.iter()).any(|function| {
            function
                .sites
                .iter()
                .any(|site| site.callee == Callee::Indirect)
        });
        for (index, function) in image.functions.iter().enumerate() {
            checked[index] |=
                any_indirect && code.address_taken.binary_search(&function.address).is_ok();
        }
        let order: Vec<usize> = order.into_iter().flatten().collect();
        let mut reporter = Reporter::new(image);
        let chains = loop {
            let chains = Chains::measure(code, &order, &checked);
            let long =
                |index: &usize| checked[*index] && chains.depth[*index] > abi::REX_STACK_SLACK;
            let Some(long) = (0..checked.len()).find(long) else {
                break chains;
            };
            match chains.shorten(long) {
                Some(another) => checked[another] = true,
                None => {
                    let address = image.functions[long].address;
                    reporter.at(address, Cause::Chain(chains.depth[long]));
                    return Err(reporter.into_errors());
                }
            }
        };
        for program in &image.programs {
            let entry =
                (image.functions).binary_search_by_key(&program.entry, |function| function.address);
            let Ok(entry) = entry else { continue };
            let bytes = chains.depth[entry].saturating_add(WORD);
            if bytes > abi::REX_STACK_BUDGET {
                let path = chains.path(entry).into_iter().map(|(function, depth)| {
                    let function = &image.functions[function];
                    Entered {
                        function: function.name.clone(),
                        depth: depth + WORD,
                        line: image.source_map.own_line(function.address),
                    }
                });
                let cause = Cause::Budget {
                    program: program.name.clone(),
                    bytes,
                    path: path.collect(),
                };
                reporter.program(program, cause);
            }
        }
        if !reporter.is_empty() {
            return Err(reporter.into_errors());
        }
        let chain_after = checked.iter().zip(chains.depth);
        Ok(Self {
            chain_after: chain_after
                .map(|(checked, depth)| if *checked { depth } else { 0 })
                .collect(),
            checked,
        })
    }
}

/// Chains with the checks where they are.
struct Chains {
    depth: Vec<u32>,
    /// By function: the unchecked callee on its longest chain, and the stack in use there.
    next: Vec<Option<(usize, u32)>>,
}

impl Chains {
    /// `order` has callees before callers, checked functions aside.
    fn measure(code: &Code, order: &[usize], checked: &[bool]) -> Self {
        let mut chains = Self {
            depth: vec![0; order.len()],
            next: vec![None; order.len()],
        };
        for index in order {
            let function = &code.functions[*index];
            let own_check = if checked[*index] { WORD } else { 0 };
            let (mut deepest, mut next) = (function.frame.max(own_check), None);
            for site in &function.sites {
                let at = site.height + if site.tail { 0 } else { WORD };
                let (depth, callee) = match site.callee {
                    Callee::Function(callee) if !checked[callee] => {
                        (at.saturating_add(chains.depth[callee]), Some((callee, at)))
                    }
                    Callee::Function(_) | Callee::Indirect => (at + WORD, None),
                    Callee::Import(_) => (at, None),
                };
                if depth > deepest {
                    (deepest, next) = (depth, callee);
                }
            }
            chains.depth[*index] = deepest;
            chains.next[*index] = next;
        }
        chains
    }

    /// The functions on the longest chain with the stack in use at the entry of each.
    fn path(&self, start: usize) -> Vec<(usize, u32)> {
        let mut path = vec![(start, 0)];
        let mut at = (start, 0);
        while let Some((callee, used)) = self.next[at.0] {
            at = (callee, at.1 + used);
            path.push(at);
        }
        path
    }

    /// The function on the longest chain behind `start` to check too: the first whose own
    /// chain fits the slack.
    fn shorten(&self, start: usize) -> Option<usize> {
        let behind = self
            .path(start)
            .into_iter()
            .skip(1)
            .map(|(function, _)| function);
        let mut fitting = behind.filter(|function| self.depth[*function] <= abi::REX_STACK_SLACK);
        fitting.next()
    }
}
