// SPDX-License-Identifier: GPL-2.0-only
//! Running XDP programs on packets.

use serde_json::json;

use super::Context;
use crate::hooks::Hook;
use crate::invocation::Environment;
use crate::packet::Packet;

/// `XDP_PASS`.
pub const PASS: u32 = 2;
const VERDICTS: [&str; 5] = [
    "XDP_ABORTED",
    "XDP_DROP",
    "XDP_PASS",
    "XDP_TX",
    "XDP_REDIRECT",
];

/// What a person calls a verdict.
pub fn verdict_name(verdict: u32) -> &'static str {
    VERDICTS
        .get(verdict as usize)
        .copied()
        .unwrap_or("unknown, as XDP_ABORTED")
}

/// Runs the programs on a packet, in the order of their attachment, until one does not
/// pass it; each verdict is an event. Gives the last verdict, nothing without a program.
pub fn run(context: &mut Context, packet: &Packet, index: u64) -> Option<u32> {
    let links = context.object.links();
    let mut last = None;
    for link in links.iter().filter(|link| link.hook == Hook::Packet) {
        let environment = Environment {
            packet: Some(packet),
            ..Environment::EMPTY
        };
        let at = packet.context().cast();
        // SAFETY: XDP programs take this context, which the packet keeps valid.
        let run = unsafe { context.runner.run(link.program, at, &environment) };
        context.object.report(
            "verdict",
            link.program,
            json!({
                "index": index,
                "verdict": run.value,
                "name": verdict_name(run.value),
                "length": packet.data().len(),
            }),
        );
        last = Some(run.value);
        if run.value != PASS {
            break;
        }
    }
    last
}
