// SPDX-License-Identifier: GPL-2.0-only
//! What the audit gate can find, one cause each.

use iced_x86::Instruction;

use super::listing::decoded;
use crate::error::ImageError;
use crate::image::{Image, PatchKind, Program};
use crate::source_map::Frame;

/// A class of instructions that an extension may not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refused {
    /// Only for the kernel's own code.
    Privileged,
    /// The x87 unit.
    FloatingPoint,
    /// Vector registers.
    Simd,
    /// I/O ports.
    PortIo,
    /// Entry into the kernel.
    SystemCall,
    /// Software interrupts and returns from interrupts.
    Interrupt,
    /// An address relative to another segment.
    SegmentOverride,
    /// A segment register as an operand.
    SegmentRegister,
    /// A control, debug or test register as an operand.
    ControlRegister,
    /// Asks the processor what it is.
    Cpuid,
    /// Time-stamp and performance counters.
    TimeStamp,
    /// Hardware random numbers.
    Random,
    /// Sets or reads the flags as a whole, or the interrupt or direction flag.
    Flags,
    /// A return that is no patch site.
    RawReturn,
    /// Into another code segment.
    FarTransfer,
    /// An indirect call or jump that is no patch site.
    IndirectBranch,
    /// A branch whose prefix processors disagree about.
    BranchPrefix,
    /// An address of another size than 64 bits.
    AddressSize,
    /// Makes a stack frame in a way that is not followed.
    StackFrame,
    /// Anything else that compilers do not make of integer code.
    Unlisted,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The image breaks a rule of the container.
    Image(ImageError),
    /// Bytes between functions are neither NOP nor `int3`.
    NotPadding,
    /// Bytes are no instruction, or the last one of a function is cut short.
    Undecodable,
    /// An instruction that may not be there.
    Refused(Refused),
    /// A jump to this address, which is neither an instruction of its function nor an entry.
    StrayJump(u64),
    /// A call of this address, which is neither an entry nor an import.
    StrayCall(u64),
    /// Control can run past the end of the function.
    FallsThrough,
    /// A patch site is not one whole instruction of its kind.
    MisplacedSite(PatchKind),
    /// The function has no 5-byte NOP at its entry.
    NoEntryNop,
    /// A fix-up is not exactly one address in an instruction or in data.
    FixupPlace,
    /// A fix-up points at something that may not be used there.
    FixupTarget,
    /// The address of something that is not in the image.
    OutsideImage(u64),
    /// The address of code that is not an entry, or code read as data.
    TextAddress(u64),
    /// The stack pointer changes in a way that cannot be followed.
    StackPointer,
    /// The frame pointer changes other than in prologues and epilogues.
    FramePointer,
    /// Two ways to the instruction leave the stack pointer at different heights.
    StackHeights,
    /// Stack or frame pointer are not restored where the function returns.
    ReturnHeight,
    /// Memory below the stack pointer is used.
    BelowStack,
    /// The return address is written.
    ReturnAddress,
    /// The frame is larger than one may be, or than the image says.
    Frame {
        /// Bytes in the image.
        recorded: u32,
        /// Bytes in the code.
        found: u32,
    },
    /// Stack check or chain are not what the code needs.
    Check {
        /// In the image: whether it checks, and the chain behind the check.
        recorded: (bool, u32),
        /// What the code needs.
        found: (bool, u32),
    },
    /// A checked function uses this many bytes before the next check, more than the slack.
    Chain(u32),
    /// A program uses more stack before its first check than it may at all.
    Budget {
        /// Name of the program.
        program: String,
        /// Bytes it uses.
        bytes: u32,
        /// Functions on the deepest path.
        path: Vec<Entered>,
    },
    /// The list of functions whose address is taken says this, and the code differs.
    AddressTaken(bool),
}

/// A function on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Name.
    pub function: String,
    /// Bytes in use when it is entered.
    pub depth: u32,
    /// Where it begins in the package's own source.
    pub line: Option<Frame>,
}

/// One finding of the audit gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditError {
    /// What is wrong.
    pub cause: Cause,
    /// Link address, 0 for the image as a whole.
    pub address: u64,
    /// Function it lies in, empty if it lies in none.
    pub function: String,
    /// The instruction there, empty if there is none.
    pub instruction: String,
    /// Source positions, innermost first; empty if unknown.
    pub frames: Vec<Frame>,
}

impl AuditError {
    /// About the image as a whole.
    pub(crate) fn of_image(cause: Cause) -> Self {
        Self {
            cause,
            address: 0,
            function: String::new(),
            instruction: String::new(),
            frames: Vec::new(),
        }
    }

    /// The innermost position in the package's own source.
    pub fn own_line(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.is_own())
    }
}

/// Most findings kept: a damaged image has as many as it has instructions.
const MOST: usize = 100;

/// Collects findings and adds where they are.
pub(crate) struct Reporter<'image> {
    image: &'image Image,
    errors: Vec<AuditError>,
}

impl<'image> Reporter<'image> {
    pub(crate) fn new(image: &'image Image) -> Self {
        Self {
            image,
            errors: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// A finding at an address.
    pub(crate) fn at(&mut self, address: u64, cause: Cause) {
        self.push(address, String::new(), cause);
    }

    /// A finding about a program, at its declaration where that is known.
    pub(crate) fn program(&mut self, program: &Program, cause: Cause) {
        self.at(program.entry, cause);
        if let (Some(source), Some(error)) = (&program.source, self.errors.last_mut()) {
            error.frames = vec![Frame {
                function: program.name.clone(),
                file: source.file.clone(),
                line: source.line,
                column: source.column,
            }];
        }
    }

    /// A finding about an instruction.
    pub(crate) fn instruction(&mut self, instruction: &Instruction, cause: Cause) {
        if self.errors.len() < MOST {
            let length = instruction.len() as u64;
            let listed = decoded(self.image, instruction.ip(), length);
            let text = listed.into_iter().map(|listed| listed.text).collect();
            self.push(instruction.ip(), text, cause);
        }
    }

    fn push(&mut self, address: u64, instruction: String, cause: Cause) {
        if self.errors.len() >= MOST {
            return;
        }
        let function = self.image.function(address);
        self.errors.push(AuditError {
            cause,
            address,
            function: function.map_or_else(String::new, |function| function.name.clone()),
            instruction,
            frames: self.image.source_map.locate(address),
        });
    }

    /// The findings by address.
    pub(crate) fn into_errors(mut self) -> Vec<AuditError> {
        self.errors.sort_by_key(|error| error.address);
        self.errors
    }
}
