// SPDX-License-Identifier: GPL-2.0-only
//! Functions and their stack frames.

use std::collections::HashMap;

use rex_abi as abi;

use super::PackError;
use super::elf::{Elf, Section};
use super::source::SourceReader;
use crate::code::Code;
use crate::image::Function;
use crate::source_map::{Frame, SourceMap};

/// The name a person wrote, for a symbol.
pub fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// Functions by address. Every one has to have a stack size within the limit.
pub fn read(elf: &Elf<'_>, source: &SourceReader<'_, '_>) -> Result<Vec<Function>, PackError> {
    let sizes = elf
        .section(".stack_sizes")?
        .ok_or(PackError::MissingSection(".stack_sizes"))?;
    let frames = stack_sizes(&sizes)?;
    let mut functions = Vec::new();
    for symbol in elf.functions()? {
        let name = readable(symbol.name);
        if symbol.size == 0 {
            return Err(PackError::BadFunction(name));
        }
        let frame = *frames
            .get(&symbol.address)
            .ok_or_else(|| PackError::NoStackSize(name.clone()))?;
        let line = || Ok(source.source_map()?.own_line(symbol.address));
        let frame = allowed(&name, frame, line)?;
        functions.push(Function {
            address: symbol.address,
            size: symbol.size,
            name,
            frame,
            checked: false,
            chain_after: 0,
            address_taken: false,
        });
    }
    Ok(functions)
}

/// Raises frames to what the code takes: the compiler leaves out the arguments that a
/// function pushes for the ones it calls. Where it aligns the stack, the code gives no more
/// than a bound.
pub fn grow(
    functions: &mut [Function],
    code: &Code,
    source_map: &SourceMap,
) -> Result<(), PackError> {
    for (function, own) in functions.iter_mut().zip(&code.functions) {
        if own.frame > function.frame && !own.realigns {
            let line = || Ok(source_map.own_line(function.address));
            function.frame = allowed(&function.name, own.frame.into(), line)?;
        }
    }
    Ok(())
}

/// A frame's bytes, if an image may have it; `line` is asked where the function begins.
fn allowed(
    name: &str,
    frame: u64,
    line: impl FnOnce() -> Result<Option<Frame>, PackError>,
) -> Result<u32, PackError> {
    let small = u32::try_from(frame)
        .ok()
        .filter(|frame| *frame <= abi::REX_FRAME_MAX);
    match small {
        Some(frame) => Ok(frame),
        None => Err(PackError::LargeFrame {
            function: name.to_owned(),
            frame,
            line: line()?,
        }),
    }
}

/// Frame bytes by function address: `.stack_sizes` is a list of an address in 8 bytes and a
/// size in unsigned LEB128 (LLVM's code generator manual, "Emitting function stack size
/// information").
fn stack_sizes(section: &Section<'_>) -> Result<HashMap<u64, u64>, PackError> {
    let damaged = || PackError::Elf("section `.stack_sizes` is cut short".to_owned());
    let mut frames = HashMap::new();
    let mut rest = section.bytes;
    while let Some((address, after)) = rest.split_first_chunk::<8>() {
        let mut size = 0_u64;
        let mut length = 0;
        loop {
            let byte = *after.get(length).ok_or_else(damaged)?;
            let bits = u64::from(byte & 0x7f)
                .checked_shl(7 * length as u32)
                .ok_or_else(damaged)?;
            size |= bits;
            length += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        frames.insert(u64::from_le_bytes(*address), size);
        rest = &after[length..];
    }
    if rest.is_empty() {
        Ok(frames)
    } else {
        Err(damaged())
    }
}
