// SPDX-License-Identifier: GPL-2.0-only
//! The machine code of an image, decoded: which instructions can run and where control can
//! go. Everything that judges or measures code starts here.

mod flow;
mod heights;
mod instructions;
mod operands;
mod padding;
mod returns;
mod tables;

use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, Instruction};
use rex_abi::imports::{NEVER, import};

use crate::audit::{AuditError, Cause, Reporter};
use crate::image::Image;
use tables::Tables;

/// What a call or a tail jump goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    /// A function of the image, by index.
    Function(usize),
    /// An import, by index.
    Import(usize),
    /// A function whose address is taken, through the checking thunk.
    Indirect,
}

/// Where control goes after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// To the next instruction.
    Next,
    /// To another instruction of the same function, by index.
    Jump(usize),
    /// To either of them.
    Branch(usize),
    /// To a function, and then to the next instruction if it returns.
    Call(Callee),
    /// To a function that returns in this one's place.
    Tail(Callee),
    /// To such a function or to the next instruction.
    TailBranch(Callee),
    /// Back to the caller.
    Return,
    /// Nowhere: the processor refuses the instruction.
    Trap,
}

/// A place where a function calls or tail-jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// Link address of the instruction.
    pub address: u64,
    /// Bytes of the function's stack in use there, return address not counted.
    pub height: u32,
    /// Where it goes.
    pub callee: Callee,
    /// Whether the callee returns in the caller's place.
    pub tail: bool,
}

/// One function's part of [`Code`].
#[derive(Clone, Debug, Default)]
pub(crate) struct FunctionCode {
    /// Its instructions, as indices.
    pub instructions: Range<usize>,
    /// Whether it can return, by itself or through a tail jump.
    pub returns: bool,
    /// Most bytes of stack its code uses, return address not counted.
    pub frame: u32,
    /// Whether it aligns its stack at run time, so that `frame` is an upper bound.
    pub realigns: bool,
    /// Its calls and tail jumps that can be reached, by address.
    pub sites: Vec<Site>,
}

/// Decoded machine code that keeps the rules about instructions and control flow.
///
/// # Invariants
/// Instructions ascend by address and tile each function; indices in `flow` are inside the
/// function (for instructions) or the image (for functions and imports); functions are in
/// the image's order.
#[derive(Debug)]
pub(crate) struct Code {
    /// Every function's instructions, in the order of addresses.
    pub instructions: Vec<Instruction>,
    /// Where control goes after each of them.
    pub flow: Vec<Flow>,
    /// Functions.
    pub functions: Vec<FunctionCode>,
    /// Addresses of functions that are used as a value, ascending.
    pub address_taken: Vec<u64>,
    /// By import: whether it never returns.
    pub never: Vec<bool>,
}

impl Code {
    /// Decodes and judges the code of an image that keeps the invariants of [`Image`].
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(image: &Image) -> Result<Self, Vec<AuditError>> {
        let mut reporter = Reporter::new(image);
        let tables = Tables::new(image);
        padding::check(image, &mut reporter);
        let mut code = Self::decode(image, &mut reporter);
        if reporter.is_empty() {
            operands::check(image, &tables, &mut code, &mut reporter);
            flow::resolve(image, &tables, &mut code, &mut reporter);
        }
        if reporter.is_empty() {
            returns::find(&mut code);
            heights::measure(&mut code, &mut reporter);
        }
        if reporter.is_empty() {
            Ok(code)
        } else {
            Err(reporter.into_errors())
        }
    }

    /// Decodes every function linearly; no byte of it may be left over.
    fn decode(image: &Image, reporter: &mut Reporter<'_>) -> Self {
        let mut code = Self {
            instructions: Vec::new(),
            flow: Vec::new(),
            functions: Vec::with_capacity(image.functions.len()),
            address_taken: Vec::new(),
            never: (image.imports.iter())
                .map(|name| import(name).is_some_and(|import| import.result == NEVER))
                .collect(),
        };
        for function in &image.functions {
            let start = code.instructions.len();
            let bytes = image.text_bytes(function.address, function.size);
            let mut decoder = Decoder::with_ip(64, bytes, function.address, DecoderOptions::NONE);
            while decoder.can_decode() {
                let instruction = decoder.decode();
                if instruction.is_invalid() {
                    reporter.at(instruction.ip(), Cause::Undecodable);
                    break;
                }
                if let Some(refused) = instructions::refused(&instruction) {
                    reporter.instruction(&instruction, Cause::Refused(refused));
                }
                code.instructions.push(instruction);
            }
            code.functions.push(FunctionCode {
                instructions: start..code.instructions.len(),
                ..FunctionCode::default()
            });
        }
        code
    }

    /// Index of the instruction that starts at an address.
    pub(crate) fn index_of(&self, address: u64) -> Option<usize> {
        self.instructions
            .binary_search_by_key(&address, Instruction::ip)
            .ok()
    }

    /// The instruction that an address lies in.
    pub(crate) fn around(&self, address: u64) -> Option<&Instruction> {
        let after = self
            .instructions
            .partition_point(|instruction| instruction.ip() <= address);
        let instruction = &self.instructions[after.checked_sub(1)?];
        (address < instruction.next_ip()).then_some(instruction)
    }
}

impl Image {
    /// Bytes of the text, which the file holds in full; empty outside it.
    pub(crate) fn text_bytes(&self, address: u64, length: u64) -> &[u8] {
        let bytes = self.text().and_then(|text| {
            let start = usize::try_from(address.checked_sub(text.address)?).ok()?;
            text.bytes
                .get(start..)?
                .get(..usize::try_from(length).ok()?)
        });
        bytes.unwrap_or_default()
    }
}
