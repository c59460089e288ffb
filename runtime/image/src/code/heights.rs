// SPDX-License-Identifier: GPL-2.0-only
//! How much stack a function uses at each of its instructions.
//!
//! The stack pointer moves by `push`, `pop`, `call`, by adding or subtracting a constant, by
//! aligning it below a frame pointer, and back to what the frame pointer says; the frame
//! pointer is set to the stack pointer behind `push rbp` and restored by the `pop rbp` for
//! that push. Whatever path led to an instruction, the height there is one number; at a
//! return and at a tail jump both registers are what they were at entry, and nothing wrote
//! over the return address or below the stack pointer in a way that can be seen.

use iced_x86::{
    Instruction, InstructionInfoFactory, InstructionInfoOptions, Mnemonic, OpAccess, OpKind,
    Register,
};

use super::{Callee, Code, Flow, Site};
use crate::audit::{Cause, Reporter};

/// More than any frame may have; heights beyond it are not followed.
const MOST: i64 = 1 << 20;

/// What the frame pointer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FramePointer {
    /// The caller's.
    Caller,
    /// The stack pointer as it was at this height.
    At(i64),
}

/// What is known before an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    /// Bytes between the stack pointer and the return address; an upper bound while aligned.
    height: i64,
    /// Whether the stack pointer was aligned, so that only the frame pointer is certain.
    aligned: bool,
    frame_pointer: FramePointer,
    /// Height at which the caller's frame pointer lies.
    saved: Option<i64>,
}

/// Measures functions.
struct Heights<'code> {
    code: &'code Code,
    info: InstructionInfoFactory,
    states: Vec<Option<State>>,
}

/// Measures every function: its frame and the heights of its calls.
pub(super) fn measure(code: &mut Code, reporter: &mut Reporter<'_>) {
    let mut heights = Heights {
        code,
        info: InstructionInfoFactory::new(),
        states: vec![None; code.instructions.len()],
    };
    let measured: Vec<_> = (0..heights.code.functions.len())
        .map(|function| heights.function(function, reporter))
        .collect();
    for (function, (frame, realigns, sites)) in code.functions.iter_mut().zip(measured) {
        function.frame = frame;
        function.realigns = realigns;
        function.sites = sites;
    }
}

impl Heights<'_> {
    fn function(&mut self, index: usize, reporter: &mut Reporter<'_>) -> (u32, bool, Vec<Site>) {
        let range = self.code.functions[index].instructions.clone();
        let mut next = vec![(
            range.start,
            State {
                height: 0,
                aligned: false,
                frame_pointer: FramePointer::Caller,
                saved: None,
            },
        )];
        let (mut frame, mut realigns, mut sites) = (0, false, Vec::new());
        while let Some((at, state)) = next.pop() {
            if at >= range.end {
                reporter.instruction(&self.code.instructions[range.end - 1], Cause::FallsThrough);
                break;
            }
            let instruction = &self.code.instructions[at];
            match self.states[at] {
                Some(known) if known == state => continue,
                Some(_) => {
                    reporter.instruction(instruction, Cause::StackHeights);
                    break;
                }
                None => self.states[at] = Some(state),
            }
            let after = match self.step(instruction, state) {
                Ok(after) => after,
                Err(cause) => {
                    reporter.instruction(instruction, cause);
                    break;
                }
            };
            frame = frame.max(after.height);
            realigns |= after.aligned;
            let flow = self.code.flow[at];
            if let Some(site) = site(instruction, flow, after) {
                sites.push(site);
            }
            let leaves = matches!(flow, Flow::Return | Flow::Tail(_) | Flow::TailBranch(_));
            let at_entry =
                after.height == 0 && !after.aligned && after.frame_pointer == FramePointer::Caller;
            if leaves && !at_entry {
                reporter.instruction(instruction, Cause::ReturnHeight);
                break;
            }
            match flow {
                Flow::Next | Flow::TailBranch(_) => next.push((at + 1, after)),
                Flow::Jump(to) => next.push((to, after)),
                Flow::Branch(to) => next.extend([(to, after), (at + 1, after)]),
                Flow::Call(callee) if self.comes_back(callee) => next.push((at + 1, after)),
                Flow::Call(_) | Flow::Tail(_) | Flow::Return | Flow::Trap => {}
            }
        }
        sites.sort_unstable_by_key(|site| site.address);
        (u32::try_from(frame).unwrap_or(u32::MAX), realigns, sites)
    }

    fn comes_back(&self, callee: Callee) -> bool {
        match callee {
            Callee::Function(function) => self.code.functions[function].returns,
            Callee::Import(import) => !self.code.never[import],
            Callee::Indirect => true,
        }
    }

    /// What one instruction makes of the stack.
    fn step(&mut self, instruction: &Instruction, state: State) -> Result<State, Cause> {
        let mut after = state;
        let to_sp = instruction.op0_register() == Register::RSP
            && instruction.op_kind(0) == OpKind::Register
            && instruction.op_count() > 0;
        let second = (instruction.op_count() > 1).then(|| instruction.op_kind(1));
        match (instruction.mnemonic(), to_sp, second) {
            (Mnemonic::Push, ..) => self.push(instruction, &mut after)?,
            (Mnemonic::Pop, ..) => self.pop(instruction, &mut after)?,
            (Mnemonic::Leave, ..) => {
                let FramePointer::At(height) = state.frame_pointer else {
                    return Err(Cause::StackPointer);
                };
                if state.saved != Some(height) {
                    return Err(Cause::FramePointer);
                }
                after = State {
                    height: height - 8,
                    aligned: false,
                    frame_pointer: FramePointer::Caller,
                    saved: None,
                };
            }
            (Mnemonic::Sub, true, Some(kind)) if is_constant(kind) => {
                after.height += instruction.immediate(1) as i64;
            }
            (Mnemonic::Add, true, Some(kind)) if is_constant(kind) => {
                after.height -= instruction.immediate(1) as i64;
            }
            (Mnemonic::And, true, Some(kind)) if is_constant(kind) => {
                let align = (instruction.immediate(1) as i64).wrapping_neg();
                let framed = state.frame_pointer != FramePointer::Caller;
                if align < 2 || !(align as u64).is_power_of_two() || align > MOST || !framed {
                    return Err(Cause::StackPointer);
                }
                after.height += align - 1;
                after.aligned = true;
            }
            (Mnemonic::Mov, true, Some(OpKind::Register))
                if instruction.op1_register() == Register::RBP =>
            {
                from_frame_pointer(&mut after, 0)?;
            }
            (Mnemonic::Lea, true, _) if instruction.memory_index() == Register::None => {
                let offset = instruction.memory_displacement64() as i64;
                match instruction.memory_base() {
                    Register::RSP => after.height -= offset,
                    Register::RBP => from_frame_pointer(&mut after, offset)?,
                    _ => return Err(Cause::StackPointer),
                }
            }
            (Mnemonic::Mov, false, Some(OpKind::Register))
                if instruction.op0_register() == Register::RBP
                    && instruction.op_kind(0) == OpKind::Register
                    && instruction.op1_register() == Register::RSP =>
            {
                if state.aligned || state.saved != Some(state.height) {
                    return Err(Cause::FramePointer);
                }
                after.frame_pointer = FramePointer::At(state.height);
            }
            (Mnemonic::Call, ..) => {}
            _ => self.others(instruction, state)?,
        }
        if after.height < 0 || after.height > MOST {
            return Err(Cause::StackPointer);
        }
        Ok(after)
    }

    fn push(&mut self, instruction: &Instruction, after: &mut State) -> Result<(), Cause> {
        if instruction.stack_pointer_increment() != -8 {
            return Err(Cause::StackPointer);
        }
        self.others(instruction, *after)?;
        after.height += 8;
        let frame_pointer = instruction.op_kind(0) == OpKind::Register
            && instruction.op0_register() == Register::RBP;
        if frame_pointer && after.frame_pointer == FramePointer::Caller {
            after.saved = Some(after.height);
        }
        Ok(())
    }

    fn pop(&mut self, instruction: &Instruction, after: &mut State) -> Result<(), Cause> {
        if instruction.stack_pointer_increment() != 8
            || instruction.op_kind(0) != OpKind::Register
            || instruction.op0_register() == Register::RSP
        {
            return Err(Cause::StackPointer);
        }
        if instruction.op0_register() == Register::RBP {
            if after.aligned || after.saved != Some(after.height) {
                return Err(Cause::FramePointer);
            }
            after.frame_pointer = FramePointer::Caller;
            after.saved = None;
        }
        after.height -= 8;
        Ok(())
    }

    /// An instruction that is not about the stack: it may not change either pointer, nor
    /// write where it can be seen that only calls may.
    fn others(&mut self, instruction: &Instruction, state: State) -> Result<(), Cause> {
        let stack = matches!(instruction.mnemonic(), Mnemonic::Push);
        let info = self
            .info
            .info_options(instruction, InstructionInfoOptions::NONE);
        for used in info.used_registers() {
            if stack || !writes(used.access()) {
                continue;
            }
            match used.register().full_register() {
                Register::RSP => return Err(Cause::StackPointer),
                Register::RBP => return Err(Cause::FramePointer),
                _ => {}
            }
        }
        for used in info.used_memory() {
            let own_push = stack && used.base() == Register::RSP && writes(used.access());
            if own_push || used.index() != Register::None || used.access() == OpAccess::NoMemAccess
            {
                continue;
            }
            // Where it starts, in bytes above the stack pointer at entry.
            let offset = used.displacement() as i64;
            let start = match (used.base(), state.frame_pointer) {
                (Register::RSP, _) if offset < 0 => return Err(Cause::BelowStack),
                (Register::RSP, _) if !state.aligned => offset - state.height,
                (Register::RBP, FramePointer::At(height)) => offset - height,
                _ => continue,
            };
            if used.base() == Register::RBP && !state.aligned && start < -state.height {
                return Err(Cause::BelowStack);
            }
            let end = start + used.memory_size().size() as i64;
            if writes(used.access()) && start < 8 && end > 0 {
                return Err(Cause::ReturnAddress);
            }
        }
        Ok(())
    }
}

fn from_frame_pointer(after: &mut State, offset: i64) -> Result<(), Cause> {
    let FramePointer::At(height) = after.frame_pointer else {
        return Err(Cause::StackPointer);
    };
    after.height = height.saturating_sub(offset);
    after.aligned = false;
    Ok(())
}

fn site(instruction: &Instruction, flow: Flow, after: State) -> Option<Site> {
    let (callee, tail) = match flow {
        Flow::Call(callee) => (callee, false),
        Flow::Tail(callee) | Flow::TailBranch(callee) => (callee, true),
        _ => return None,
    };
    Some(Site {
        address: instruction.ip(),
        height: u32::try_from(after.height).ok()?,
        callee,
        tail,
    })
}

fn is_constant(kind: OpKind) -> bool {
    matches!(kind, OpKind::Immediate8to64 | OpKind::Immediate32to64)
}

fn writes(access: OpAccess) -> bool {
    matches!(
        access,
        OpAccess::Write | OpAccess::CondWrite | OpAccess::ReadWrite | OpAccess::ReadCondWrite
    )
}
