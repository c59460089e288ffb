// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt inspect --analysis`: what a container's machine code says.

use std::fmt::Write;

use rex_image::{
    Analysis, Blame, Call, CallTarget, Certainty, Image, PanicSite, Program, ProgramFacts, Usage,
};
use serde_json::{Value, json};

use crate::audit::{frame, frames};
use crate::inspect::digest;

/// Version of the JSON form, `docs/schemas/analysis.json`.
const SCHEMA: u32 = 1;

/// An image with what its code says.
pub struct Report<'a> {
    /// The image.
    pub image: &'a Image,
    /// What its code says.
    pub analysis: &'a Analysis,
}

impl Report<'_> {
    /// For programs.
    pub fn to_json(&self) -> Value {
        let programs: Vec<Value> = (self.analysis.programs.iter())
            .map(|facts| self.program(facts))
            .collect();
        let functions: Vec<Value> = (0..self.analysis.functions.len())
            .map(|index| self.function(index))
            .collect();
        let cycles: Vec<Value> = (self.analysis.cycles.iter())
            .map(|cycle| cycle.iter().map(|function| self.name(*function)).collect())
            .collect();
        let panics: Vec<Value> = (self.analysis.panics.iter())
            .map(|site| self.panic(site))
            .collect();
        let traps: Vec<Value> = (self.analysis.traps.iter())
            .map(|address| self.trap(*address))
            .collect();
        json!({
            "schema": SCHEMA,
            "digest": digest(self.image),
            "limits": {
                "budget": rex_abi::REX_STACK_BUDGET,
                "slack": rex_abi::REX_STACK_SLACK,
                "frame": rex_abi::REX_FRAME_MAX,
            },
            "programs": programs,
            "functions": functions,
            "cycles": cycles,
            "panics": panics,
            "traps": traps,
        })
    }

    fn name(&self, function: usize) -> &str {
        &self.image.functions[function].name
    }

    fn program(&self, facts: &ProgramFacts) -> Value {
        let program: &Program = &self.image.programs[facts.program];
        json!({
            "name": program.name,
            "type": program.kind.name(),
            "stack": self.usage(&facts.stack),
            "panic_stack": facts.panic_stack.as_ref().map(|usage| self.usage(usage)),
            "panics": facts.panics,
        })
    }

    fn usage(&self, usage: &Usage) -> Value {
        let path: Vec<Value> = (usage.path.iter())
            .map(|step| {
                json!({
                    "function": self.name(step.function),
                    "depth": step.depth,
                    "frame": self.analysis.functions[step.function].frame,
                    "call": frames(&self.image.source_map.locate(step.call)),
                })
            })
            .collect();
        let blame: Vec<Value> = usage.blame.iter().map(|blame| self.blame(blame)).collect();
        json!({
            "bytes": usage.bytes,
            "certainty": usage.certainty.name(),
            "checked": usage.checked,
            "path": path,
            "blame": blame,
        })
    }

    fn blame(&self, blame: &Blame) -> Value {
        json!({
            "doubt": blame.doubt.name(),
            "function": self.name(blame.function),
            "address": blame.address,
            "frames": frames(&blame.frames),
            "line": blame.line.as_ref().map(frame),
        })
    }

    fn function(&self, index: usize) -> Value {
        let (declared, facts) = (
            &self.image.functions[index],
            &self.analysis.functions[index],
        );
        let calls: Vec<Value> = facts.calls.iter().map(|call| self.call(call)).collect();
        json!({
            "name": declared.name,
            "address": declared.address,
            "size": declared.size,
            "frame": facts.frame,
            "recorded_frame": declared.frame,
            "realigns": facts.realigns,
            "returns": facts.returns,
            "depth": facts.depth,
            "raises": facts.raises,
            "checked": declared.checked,
            "chain_after": declared.chain_after,
            "address_taken": declared.address_taken,
            "source": self.image.source_map.locate(declared.address).last().map(frame),
            "calls": calls,
        })
    }

    fn call(&self, call: &Call) -> Value {
        let (kind, targets) = match &call.target {
            CallTarget::Function(function) => ("function", vec![self.name(*function)]),
            CallTarget::Import(name) => ("import", vec![name.as_str()]),
            CallTarget::Indirect(candidates) => {
                let names = candidates.iter().map(|function| self.name(*function));
                ("indirect", names.collect())
            }
        };
        json!({
            "address": call.address,
            "kind": kind,
            "targets": targets,
            "tail": call.tail,
            "height": call.height,
            "frames": frames(&self.image.source_map.locate(call.address)),
        })
    }

    fn trap(&self, address: u64) -> Value {
        let function = self.image.function(address);
        json!({
            "function": function.map_or("", |function| &function.name),
            "address": address,
            "frames": frames(&self.image.source_map.locate(address)),
        })
    }

    fn panic(&self, site: &PanicSite) -> Value {
        json!({
            "cause": site.cause.name(),
            "function": self.name(site.function),
            "address": site.address,
            "callee": site.callee,
            "frames": frames(&site.frames),
            "line": site.own_line().map(frame),
        })
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for facts in &self.analysis.programs {
            let program = &self.image.programs[facts.program];
            let budget = rex_abi::REX_STACK_BUDGET;
            let words = usage_words(&facts.stack);
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "program {}: stack {words} of {budget} bytes",
                program.name
            );
            for step in &facts.stack.path {
                let _ = writeln!(text, "  {:6} {}", step.depth, self.name(step.function));
            }
            if let Some(blame) = facts.stack.blame.first() {
                let place = blame.frames.iter().find(|frame| frame.is_own());
                let place = place.or(blame.frames.first());
                let place = place.map_or_else(String::new, |frame| {
                    format!(" ({}:{})", frame.file, frame.line)
                });
                let name = self.name(blame.function);
                let _ = writeln!(
                    text,
                    "  because of {} in `{name}`{place}",
                    blame.doubt.name()
                );
            }
            if let Some(panic) = &facts.panic_stack {
                let words = usage_words(panic);
                let _ = writeln!(text, "  with a panic {words} bytes");
            }
            let _ = writeln!(text, "  panic sites {}", facts.panics.len());
            for site in facts
                .panics
                .iter()
                .filter_map(|site| self.analysis.panics.get(*site))
            {
                let place = site.own_line().map_or_else(
                    || format!("in `{}`", self.name(site.function)),
                    |frame| format!("{}:{}:{}", frame.file, frame.line, frame.column),
                );
                let _ = writeln!(text, "    {} {place}", site.cause.name());
            }
        }
        text
    }
}

fn usage_words(usage: &Usage) -> String {
    let certainty = match usage.certainty {
        Certainty::Exact => "exactly",
        Certainty::AtMost => "at most",
        Certainty::AtLeast => "at least",
        Certainty::Unknown => "unknown, perhaps",
    };
    let checked = if usage.checked {
        ", checked at run time,"
    } else {
        ""
    };
    format!("{certainty} {}{checked}", usage.bytes)
}
