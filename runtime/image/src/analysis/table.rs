// SPDX-License-Identifier: GPL-2.0-only
//! The call graph, and the deepest path from every function through it.

use super::graph::components;
use crate::checks::{WORD, direct_calls};
use crate::code::{Callee, Code, Site};
use crate::image::Image;

/// Who can call whom.
pub(super) struct Graph<'a> {
    pub(super) code: &'a Code,
    /// Functions that an indirect call may go to.
    pub(super) candidates: Vec<usize>,
    /// By function: whether it is part of raising a panic.
    pub(super) panicking: Vec<bool>,
    /// By function: whether it checks the stack at its entry.
    pub(super) checked: Vec<bool>,
    /// Functions that call each other in a circle, directly.
    pub(super) cycles: Vec<Vec<usize>>,
    /// By function: its place in `cycles`.
    cycle: Vec<Option<usize>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(image: &Image, code: &'a Code, panicking: Vec<bool>) -> Self {
        let calls = direct_calls(code);
        let cycles = cycles(&calls);
        let mut cycle = vec![None; calls.len()];
        for (index, members) in cycles.iter().enumerate() {
            for member in members {
                cycle[*member] = Some(index);
            }
        }
        let functions = &image.functions;
        let entry =
            |address: &u64| functions.binary_search_by_key(address, |function| function.address);
        let taken = code.address_taken.iter();
        Self {
            code,
            candidates: taken.filter_map(|address| entry(address).ok()).collect(),
            panicking,
            checked: functions.iter().map(|function| function.checked).collect(),
            cycles,
            cycle,
        }
    }

    /// Whether a direct call from one function to another is part of a circle.
    pub(super) fn in_cycle(&self, caller: usize, callee: usize) -> bool {
        self.cycle[caller].is_some() && self.cycle[caller] == self.cycle[callee]
    }

    /// Whether what a function uses is counted.
    pub(super) fn counts(&self, function: usize, with_panics: bool) -> bool {
        with_panics || !self.panicking[function]
    }

    fn callees<'site>(&'site self, site: &'site Site) -> &'site [usize] {
        match &site.callee {
            Callee::Function(callee) => std::slice::from_ref(callee),
            Callee::Import(_) => &[],
            Callee::Indirect => &self.candidates,
        }
    }

    /// Functions that can be reached, nearest first.
    pub(super) fn reached(&self, entry: usize, with_panics: bool) -> Vec<Reached> {
        let mut seen = vec![false; self.code.functions.len()];
        let mut order = vec![Reached {
            function: entry,
            from: None,
        }];
        seen[entry] = true;
        let mut at = 0;
        while let Some(function) = order.get(at).map(|reached| reached.function) {
            for site in &self.code.functions[function].sites {
                for callee in self.callees(site) {
                    let counts = self.counts(*callee, with_panics);
                    if counts && !std::mem::replace(&mut seen[*callee], true) {
                        order.push(Reached {
                            function: *callee,
                            from: Some((at, site.address)),
                        });
                    }
                }
            }
            at += 1;
        }
        order
    }
}

/// A function that can be reached.
pub(super) struct Reached {
    pub(super) function: usize,
    /// Where in the list its caller stands, and the call.
    pub(super) from: Option<(usize, u64)>,
}

/// Components with more than one member, or whose member leads to itself.
fn cycles(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut found = components(successors);
    found.retain(|component| {
        component.len() > 1 || successors[component[0]].contains(&component[0])
    });
    found
}

/// Deepest paths; circles are gone through once at most.
pub(super) struct Table {
    pub(super) with_panics: bool,
    /// By function: bytes below its return address.
    pub(super) depth: Vec<u32>,
    /// By function: the callee on the deepest path, the stack in use there, the call.
    next: Vec<Option<(usize, u32, u64)>>,
    /// By function: whether it is on a circle, indirect calls included.
    pub(super) cyclic: Vec<bool>,
}

impl Table {
    pub(super) fn new(graph: &Graph<'_>, with_panics: bool) -> Self {
        let count = graph.code.functions.len();
        let mut table = Self {
            with_panics,
            depth: vec![0; count],
            next: vec![None; count],
            cyclic: vec![false; count],
        };
        let successors: Vec<Vec<usize>> = (graph.code.functions.iter())
            .map(|function| {
                let mut callees: Vec<usize> = (function.sites.iter())
                    .flat_map(|site| graph.callees(site))
                    .filter(|callee| graph.counts(**callee, with_panics))
                    .copied()
                    .collect();
                callees.sort_unstable();
                callees.dedup();
                callees
            })
            .collect();
        for component in cycles(&successors) {
            for member in component {
                table.cyclic[member] = true;
            }
        }
        let order = components(&successors);
        let mut done = vec![false; count];
        for component in order {
            for function in &component {
                table.measure(graph, *function, &done);
            }
            for function in component {
                done[function] = true;
            }
        }
        table
    }

    /// `done` has the functions whose depth is known: those behind a circle that is being
    /// measured are not.
    fn measure(&mut self, graph: &Graph<'_>, function: usize, done: &[bool]) {
        let own = &graph.code.functions[function];
        let (mut deepest, mut next) = (own.frame, None);
        for site in &own.sites {
            let at = site.height + if site.tail { 0 } else { WORD };
            // The thunk of an indirect call may push a word of its own.
            let thunk = if site.callee == Callee::Indirect {
                WORD
            } else {
                0
            };
            if at + thunk > deepest {
                (deepest, next) = (at + thunk, None);
            }
            for callee in graph.callees(site) {
                let known = done[*callee] && graph.counts(*callee, self.with_panics);
                // A check at entry pushes a word of its own, before the frame is made.
                let check = if graph.checked[*callee] { WORD } else { 0 };
                let below = if known {
                    self.depth[*callee].max(check)
                } else {
                    check
                };
                let depth = at.saturating_add(below);
                if depth > deepest {
                    let entered = known.then_some((*callee, at, site.address));
                    (deepest, next) = (depth, entered);
                }
            }
        }
        self.depth[function] = deepest;
        self.next[function] = next;
    }

    /// Functions on the deepest path, the stack in use at each one's entry, its call.
    pub(super) fn path(&self, entry: usize) -> Vec<(usize, u32, u64)> {
        let mut path = vec![(entry, 0, 0)];
        let mut at = (entry, 0);
        while let Some((callee, used, call)) = self.next[at.0] {
            at = (callee, at.1 + used);
            path.push((callee, at.1, call));
        }
        path
    }
}
