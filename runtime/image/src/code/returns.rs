// SPDX-License-Identifier: GPL-2.0-only
//! Which functions can return: what follows a call to one that cannot is not reached, and
//! its stack need not fit together with what comes before.

use super::{Callee, Code, Flow};

/// Walks all code at once, waiting behind calls until their callee is known to return.
struct Walk<'code> {
    code: &'code Code,
    visited: Vec<bool>,
    returns: Vec<bool>,
    /// By function: what waits for it to return.
    waiting: Vec<Waiting>,
    next: Vec<(usize, usize)>,
}

/// What goes on once a function is known to return.
#[derive(Clone, Default)]
struct Waiting {
    /// Functions and instructions behind calls.
    places: Vec<(usize, usize)>,
    /// Functions that return in its place.
    callers: Vec<usize>,
}

/// Sets `returns` of every function: the least answer, so that functions that only call
/// each other in a circle do not return.
pub(super) fn find(code: &mut Code) {
    let mut walk = Walk {
        code,
        visited: vec![false; code.instructions.len()],
        returns: vec![false; code.functions.len()],
        waiting: vec![Waiting::default(); code.functions.len()],
        next: Vec::new(),
    };
    for (index, function) in code.functions.iter().enumerate() {
        walk.next.push((index, function.instructions.start));
    }
    walk.run();
    let returns = walk.returns;
    for (function, returns) in code.functions.iter_mut().zip(returns) {
        function.returns = returns;
    }
}

impl Walk<'_> {
    fn run(&mut self) {
        while let Some((function, at)) = self.next.pop() {
            if at >= self.code.functions[function].instructions.end || self.visited[at] {
                continue;
            }
            self.visited[at] = true;
            match self.code.flow[at] {
                Flow::Next => self.next.push((function, at + 1)),
                Flow::Jump(to) => self.next.push((function, to)),
                Flow::Branch(to) => self.next.extend([(function, to), (function, at + 1)]),
                Flow::Call(callee) => self.call(callee, function, at + 1),
                Flow::Tail(callee) => self.tail(callee, function),
                Flow::TailBranch(callee) => {
                    self.tail(callee, function);
                    self.next.push((function, at + 1));
                }
                Flow::Return => self.returned(function),
                Flow::Trap => {}
            }
        }
    }

    fn call(&mut self, callee: Callee, function: usize, after: usize) {
        match callee {
            Callee::Import(import) if self.code.never[import] => {}
            Callee::Function(callee) if !self.returns[callee] => {
                self.waiting[callee].places.push((function, after));
            }
            _ => self.next.push((function, after)),
        }
    }

    fn tail(&mut self, callee: Callee, function: usize) {
        match callee {
            Callee::Import(import) if self.code.never[import] => {}
            Callee::Function(callee) if !self.returns[callee] => {
                self.waiting[callee].callers.push(function);
            }
            _ => self.returned(function),
        }
    }

    fn returned(&mut self, function: usize) {
        let mut returning = vec![function];
        while let Some(function) = returning.pop() {
            if !std::mem::replace(&mut self.returns[function], true) {
                let waiting = std::mem::take(&mut self.waiting[function]);
                self.next.extend(waiting.places);
                returning.extend(waiting.callers);
            }
        }
    }
}
