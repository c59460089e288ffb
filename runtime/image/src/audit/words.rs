// SPDX-License-Identifier: GPL-2.0-only
//! Findings of the audit gate in words.

use std::fmt;

use rex_abi as abi;

use super::error::{AuditError, Cause, Refused};
use crate::image::PatchKind;

impl Refused {
    /// Name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::FloatingPoint => "floating_point",
            Self::Simd => "simd",
            Self::PortIo => "port_io",
            Self::SystemCall => "system_call",
            Self::Interrupt => "interrupt",
            Self::SegmentOverride => "segment_override",
            Self::SegmentRegister => "segment_register",
            Self::ControlRegister => "control_register",
            Self::Cpuid => "cpuid",
            Self::TimeStamp => "time_stamp",
            Self::Random => "random",
            Self::Flags => "flags",
            Self::RawReturn => "raw_return",
            Self::FarTransfer => "far_transfer",
            Self::IndirectBranch => "indirect_branch",
            Self::BranchPrefix => "branch_prefix",
            Self::AddressSize => "address_size",
            Self::StackFrame => "stack_frame",
            Self::Unlisted => "unlisted",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Privileged => "a privileged instruction",
            Self::FloatingPoint => "a floating-point instruction",
            Self::Simd => "a vector instruction",
            Self::PortIo => "an instruction for I/O ports",
            Self::SystemCall => "a system call",
            Self::Interrupt => "a software interrupt",
            Self::SegmentOverride => "an access through another segment",
            Self::SegmentRegister => "an access to a segment register",
            Self::ControlRegister => "an access to a control or debug register",
            Self::Cpuid => "an instruction that a hypervisor intercepts",
            Self::TimeStamp => "an instruction that reads a counter of the processor",
            Self::Random => "an instruction for hardware random numbers",
            Self::Flags => "an instruction that changes how interrupts or strings work",
            Self::RawReturn => "a return that is no patch site",
            Self::FarTransfer => "a jump to another code segment",
            Self::IndirectBranch => "an indirect call or jump that is no patch site",
            Self::BranchPrefix => "a branch with a prefix",
            Self::AddressSize => "an address of less than 64 bits",
            Self::StackFrame => "an instruction that makes a stack frame",
            Self::Unlisted => "not an instruction that the compiler uses for extensions",
        }
    }
}

impl Cause {
    /// Name in machine-readable output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::NotPadding => "not_padding",
            Self::Undecodable => "undecodable",
            Self::Refused(refused) => refused.name(),
            Self::StrayJump(_) => "stray_jump",
            Self::StrayCall(_) => "stray_call",
            Self::FallsThrough => "falls_through",
            Self::MisplacedSite(_) => "misplaced_site",
            Self::NoEntryNop => "no_entry_nop",
            Self::FixupPlace => "fixup_place",
            Self::FixupTarget => "fixup_target",
            Self::OutsideImage(_) => "outside_image",
            Self::TextAddress(_) => "text_address",
            Self::StackPointer => "stack_pointer",
            Self::FramePointer => "frame_pointer",
            Self::StackHeights => "stack_heights",
            Self::ReturnHeight => "return_height",
            Self::BelowStack => "below_stack",
            Self::ReturnAddress => "return_address",
            Self::Frame { .. } => "frame",
            Self::Check { .. } => "check",
            Self::Chain(_) => "chain",
            Self::Budget { .. } => "budget",
            Self::AddressTaken(_) => "address_taken",
        }
    }
}

fn site(kind: PatchKind) -> &'static str {
    match kind {
        PatchKind::EntryNop5 => "an entry NOP",
        PatchKind::Return => "a return",
        PatchKind::IndirectCall => "an indirect call",
        PatchKind::IndirectJump => "an indirect jump",
    }
}

fn check((checked, chain): (bool, u32)) -> String {
    if checked {
        format!("a check with {chain} bytes behind it")
    } else {
        "no check".to_owned()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(error) => write!(f, "{error}"),
            Self::NotPadding => write!(f, "the bytes between functions are not padding"),
            Self::Undecodable => write!(f, "the bytes are not an instruction"),
            Self::Refused(refused) => write!(f, "{}", refused.words()),
            Self::StrayJump(target) => write!(
                f,
                "a jump to {target:#x}, which is neither in its function nor a function's start"
            ),
            Self::StrayCall(target) => write!(
                f,
                "a call of {target:#x}, which is neither a function's start nor an import"
            ),
            Self::FallsThrough => write!(f, "control can run past the end of the function"),
            Self::MisplacedSite(kind) => write!(
                f,
                "the patch site for {} is not one such instruction",
                site(*kind)
            ),
            Self::NoEntryNop => write!(f, "there is no NOP for a stack check at the entry"),
            Self::FixupPlace => write!(
                f,
                "a fix-up is not exactly one address of an instruction or of data"
            ),
            Self::FixupTarget => write!(f, "a fix-up points at something that may not be used so"),
            Self::OutsideImage(address) => {
                write!(f, "the address {address:#x} is outside the image")
            }
            Self::TextAddress(address) => write!(
                f,
                "the code at {address:#x} is used as data or from its middle"
            ),
            Self::StackPointer => {
                write!(
                    f,
                    "the stack pointer changes in a way that cannot be followed"
                )
            }
            Self::FramePointer => {
                write!(
                    f,
                    "the frame pointer changes in a way that cannot be followed"
                )
            }
            Self::StackHeights => write!(
                f,
                "the stack is of different depth depending on how control gets here"
            ),
            Self::ReturnHeight => write!(
                f,
                "the stack is not as it was at entry where the function returns"
            ),
            Self::BelowStack => write!(f, "memory below the stack pointer is used"),
            Self::ReturnAddress => write!(f, "the return address is written"),
            Self::Frame { recorded, found } => write!(
                f,
                "the stack frame is {found} bytes, {recorded} are recorded and at most {} are allowed",
                abi::REX_FRAME_MAX
            ),
            Self::Check { recorded, found } => write!(
                f,
                "the image records {}, the code needs {}",
                check(*recorded),
                check(*found)
            ),
            Self::Chain(bytes) => write!(
                f,
                "the function is recursive or called through a pointer and uses {bytes} bytes of stack up to the next check, at most {} are allowed; keep large values in a map",
                abi::REX_STACK_SLACK
            ),
            Self::Budget {
                program,
                bytes,
                path,
            } => {
                write!(
                    f,
                    "program `{program}` uses {bytes} bytes of stack, at most {} are allowed; the deepest path is",
                    abi::REX_STACK_BUDGET
                )?;
                for (index, step) in path.iter().enumerate() {
                    let arrow = if index == 0 { "" } else { " >" };
                    write!(f, "{arrow} `{}` at {}", step.function, step.depth)?;
                }
                Ok(())
            }
            Self::AddressTaken(recorded) => {
                let (recorded, found) = if *recorded {
                    ("taken", "is not")
                } else {
                    ("not taken", "is")
                };
                write!(f, "its address is recorded as {recorded}, but it {found}")
            }
        }
    }
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.address != 0 {
            if self.function.is_empty() {
                write!(f, "at {:#x}", self.address)?;
            } else {
                write!(f, "function `{}` at {:#x}", self.function, self.address)?;
            }
            if let Some(frame) = self.own_line().or(self.frames.first()) {
                write!(f, " ({}:{}:{})", frame.file, frame.line, frame.column)?;
            }
            if !self.instruction.is_empty() {
                write!(f, ", `{}`", self.instruction)?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.cause)
    }
}

impl std::error::Error for AuditError {}

/// Writes the first finding and how many follow.
pub fn write_findings(f: &mut fmt::Formatter<'_>, errors: &[AuditError]) -> fmt::Result {
    let Some(first) = errors.first() else {
        return Ok(());
    };
    write!(f, "the audit refuses it: {first}")?;
    match errors.len() {
        1 => Ok(()),
        many => write!(f, " (and {} more)", many - 1),
    }
}
