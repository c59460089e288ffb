// SPDX-License-Identifier: GPL-2.0-only
//! Running XDP and then TC programs on packets.

use serde_json::{Value, json};

use super::Context;
use crate::errno::Errno;
use crate::hooks::Hook;
use crate::invocation::Environment;
use crate::packet::{Copied, Packet, Redirect};
use crate::runner::Run;

/// `XDP_PASS`.
const PASS: u32 = 2;
/// `TC_ACT_UNSPEC`, -1: the next program decides.
const UNSPEC: u32 = u32::MAX;

/// What the last program said of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An XDP program.
    Xdp(u32),
    /// A TC program.
    Traffic(u32),
}

impl Verdict {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xdp(0) => "XDP_ABORTED",
            Self::Xdp(1) => "XDP_DROP",
            Self::Xdp(PASS) => "XDP_PASS",
            Self::Xdp(3) => "XDP_TX",
            Self::Xdp(4) => "XDP_REDIRECT",
            Self::Xdp(_) => "unknown, as XDP_ABORTED",
            Self::Traffic(UNSPEC) => "TC_ACT_UNSPEC",
            Self::Traffic(0) => "TC_ACT_OK",
            Self::Traffic(2) => "TC_ACT_SHOT",
            Self::Traffic(4) => "TC_ACT_STOLEN",
            Self::Traffic(7) => "TC_ACT_REDIRECT",
            Self::Traffic(8) => "TC_ACT_TRAP",
            // What direct action does not know (`cls_bpf_exec_opcode`).
            Self::Traffic(_) => "unknown, as TC_ACT_UNSPEC",
        }
    }

    /// The number the program returned.
    pub fn value(self) -> u32 {
        match self {
            Self::Xdp(value) | Self::Traffic(value) => value,
        }
    }

    /// Whether the packet goes where `bpf_redirect` said.
    fn redirects(self) -> bool {
        matches!(self, Self::Xdp(4) | Self::Traffic(7))
    }

    /// Whether the next program of the same kind sees the packet.
    fn goes_on(self) -> bool {
        match self {
            Self::Xdp(value) => value == PASS,
            Self::Traffic(value) => !matches!(value, 0 | 2 | 4 | 7 | 8),
        }
    }
}

/// What came of a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The last verdict, nothing without a program.
    pub verdict: Option<Verdict>,
    /// Where the packet was redirected to.
    pub redirect: Option<Redirect>,
    /// The copies that were sent, in order.
    pub copies: Vec<Copied>,
}

/// Runs the XDP programs on a packet, in the order of their attachment, until one does not
/// pass it, then the TC programs until one decides; each verdict is an event, with the
/// copies that its program sent and where the packet was redirected to.
pub fn run(context: &mut Context, packet: &Packet, index: u64) -> Outcome {
    let mut outcome = Outcome::default();
    for hook in [Hook::Packet, Hook::Traffic] {
        for program in programs(context, hook) {
            packet.forget_redirect();
            let verdict = one(context, program, hook, packet);
            let mut fields = json!({
                "index": index,
                "verdict": verdict.value(),
                "name": verdict.name(),
                "length": packet.data().len(),
            });
            let copies = std::mem::take(&mut *packet.copies());
            if !copies.is_empty() {
                fields["copies"] = copies.iter().map(copied).collect();
            }
            outcome.copies.extend(copies);
            if verdict.redirects() {
                let carried = packet.carry_out_redirect();
                fields["redirect"] = carried.map_or(Value::Null, redirected);
                outcome.redirect = carried.map(|(to, _)| to);
            }
            if hook == Hook::Traffic && packet.mark() != 0 {
                fields["mark"] = packet.mark().into();
            }
            context.object.report("verdict", program, fields);
            outcome.verdict = Some(verdict);
            if !verdict.goes_on() {
                break;
            }
        }
        if outcome.verdict.is_some_and(|verdict| !verdict.goes_on()) {
            break;
        }
    }
    outcome
}

fn copied(copy: &Copied) -> Value {
    let Redirect { ifindex, flags } = copy.to;
    json!({ "ifindex": ifindex, "flags": flags, "length": copy.data.len() })
}

fn redirected((to, sent): (Redirect, Result<(), Errno>)) -> Value {
    let Redirect { ifindex, flags } = to;
    let errno = sent.err().map_or(0, |errno| errno.0);
    json!({ "ifindex": ifindex, "flags": flags, "errno": errno })
}

fn programs(context: &Context, hook: Hook) -> Vec<usize> {
    let links = context.object.links();
    (links.iter())
        .filter(|link| link.hook == hook)
        .map(|link| link.program)
        .collect()
}

fn one(context: &mut Context, program: usize, hook: Hook, packet: &Packet) -> Verdict {
    let environment = Environment {
        packet: Some(packet),
        ..Environment::EMPTY
    };
    let traffic = hook == Hook::Traffic;
    let at = match traffic {
        true => packet.traffic().cast(),
        false => packet.context().cast(),
    };
    // SAFETY: programs on these hooks take these contexts, which the packet keeps valid.
    let Run { value, .. } = unsafe { context.runner.run(program, at, &environment) };
    match traffic {
        true => Verdict::Traffic(value),
        false => Verdict::Xdp(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_decision_ends_the_chain() {
        for (verdict, goes_on) in [
            (Verdict::Xdp(2), true),
            (Verdict::Xdp(0), false),
            (Verdict::Xdp(9), false),
            (Verdict::Traffic(UNSPEC), true),
            (Verdict::Traffic(0), false),
            (Verdict::Traffic(2), false),
            (Verdict::Traffic(3), true),
        ] {
            assert_eq!(verdict.goes_on(), goes_on, "{}", verdict.name());
        }
    }
}
