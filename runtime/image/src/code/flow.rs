// SPDX-License-Identifier: GPL-2.0-only
//! Where control goes: direct jumps stay in their function or go to an entry, direct calls
//! go to an entry or an import, everything indirect is a patch site.

use iced_x86::{Instruction, Mnemonic};

use super::{Callee, Code, Flow, Tables};
use crate::audit::{Cause, Reporter};
use crate::image::{FixupTarget, Image, PatchKind};

/// Resolves every instruction.
pub(super) fn resolve(
    image: &Image,
    tables: &Tables<'_>,
    code: &mut Code,
    reporter: &mut Reporter<'_>,
) {
    let mut flows = Vec::with_capacity(code.instructions.len());
    for (function, own) in image.functions.iter().zip(&code.functions) {
        let range = function.address..function.address + function.size;
        let within = &code.instructions[own.instructions.clone()];
        let jump = |target: u64| {
            if range.contains(&target) {
                let inside = within.binary_search_by_key(&target, Instruction::ip).ok()?;
                Some(Flow::Jump(own.instructions.start + inside))
            } else {
                let entry = tables.entry(target)?;
                Some(Flow::Tail(Callee::Function(entry)))
            }
        };
        for instruction in within {
            let flow = one(instruction, tables, jump);
            flows.push(flow.unwrap_or_else(|cause| {
                reporter.instruction(instruction, cause);
                Flow::Trap
            }));
        }
        if flows.last().is_none_or(|last| *last == Flow::Next) {
            reporter.at(range.end - 1, Cause::FallsThrough);
        }
    }
    code.flow = flows;
}

fn one(
    instruction: &Instruction,
    tables: &Tables<'_>,
    jump: impl Fn(u64) -> Option<Flow>,
) -> Result<Flow, Cause> {
    let import = tables
        .fixup(instruction.ip(), instruction.next_ip())
        .and_then(|fixup| match fixup.target {
            FixupTarget::Import(index) => Some(Callee::Import(index as usize)),
            FixupTarget::Image(_) => None,
        });
    let site = tables.site(instruction.ip()).map(|site| site.kind);
    let target = instruction.near_branch_target();
    match (instruction.mnemonic(), site, import) {
        (Mnemonic::Ud2, ..) => Ok(Flow::Trap),
        (Mnemonic::Jmp, Some(PatchKind::Return), _) => Ok(Flow::Return),
        (Mnemonic::Jmp, Some(_), _) => Ok(Flow::Tail(Callee::Indirect)),
        (Mnemonic::Call, Some(_), _) => Ok(Flow::Call(Callee::Indirect)),
        (Mnemonic::Jmp, None, Some(import)) => Ok(Flow::Tail(import)),
        (Mnemonic::Call, None, Some(import)) => Ok(Flow::Call(import)),
        (Mnemonic::Jmp, ..) => jump(target).ok_or(Cause::StrayJump(target)),
        (Mnemonic::Call, ..) => match tables.entry(target) {
            Some(entry) => Ok(Flow::Call(Callee::Function(entry))),
            None => Err(Cause::StrayCall(target)),
        },
        _ if instruction.is_jcc_short_or_near() => match jump(target) {
            Some(Flow::Jump(index)) => Ok(Flow::Branch(index)),
            Some(Flow::Tail(callee)) => Ok(Flow::TailBranch(callee)),
            _ => Err(Cause::StrayJump(target)),
        },
        _ => Ok(Flow::Next),
    }
}
