// SPDX-License-Identifier: GPL-2.0-only
//! Why an ELF does not become an image.

use std::fmt;

use crate::audit::{AuditError, write_findings};
use crate::error::ImageError;
use crate::source_map::Frame;

/// Why an ELF does not become an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackError {
    /// The file is not a 64-bit x86 ELF executable, or is damaged.
    Elf(String),
    /// The debug information cannot be read.
    Debug(String),
    /// The file holds no section of this name.
    MissingSection(&'static str),
    /// A section is to be loaded that an image has no place for.
    UnknownSection(String),
    /// A section does not start at the page the link script gives it.
    Misplaced(String),
    /// A section is aligned to more than a page.
    Aligned {
        /// The section.
        section: String,
        /// Bytes it is aligned to.
        alignment: u64,
    },
    /// A function has no stack size.
    NoStackSize(String),
    /// A function's stack frame is too large.
    LargeFrame {
        /// The function.
        function: String,
        /// Bytes of its frame.
        frame: u64,
        /// Where it begins in the package's own source.
        line: Option<Frame>,
    },
    /// A function does not start with the NOP for the stack check.
    NoEntryNop(String),
    /// A function has no code or lies outside the text.
    BadFunction(String),
    /// A relocation is of a kind that an image cannot have.
    UnknownRelocation {
        /// Its number in the x86-64 ABI.
        kind: u32,
        /// Its symbol.
        symbol: String,
        /// Where it applies.
        place: u64,
    },
    /// A call or jump has a form that cannot be changed at load.
    BadThunkUse {
        /// The thunk.
        symbol: String,
        /// Where it is used.
        place: u64,
    },
    /// Something outside the list of imports is used.
    UnknownImport {
        /// The symbol.
        symbol: String,
        /// Where it is used.
        place: u64,
    },
    /// An address inside a function is stored or computed.
    AddressInsideFunction {
        /// The address.
        target: u64,
        /// Where it is used.
        place: u64,
    },
    /// A program descriptor is damaged or of another version.
    Descriptor {
        /// Its index.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A section is code that may be written, or data that may be executed.
    WritableCode(String),
    /// There is no program.
    NoPrograms,
    /// Two programs or two maps have one name.
    SameName {
        /// `program` or `map`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A verdict is set for a program that does not exist.
    UnknownProgram(String),
    /// A map's static is not what `#[rex_map]` makes.
    Map {
        /// Name of the map.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The result breaks a rule of the container.
    Image(ImageError),
    /// The audit gate refuses the code; at least one finding.
    Audit(Vec<AuditError>),
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elf(problem) => write!(f, "cannot read the linked ELF: {problem}"),
            Self::Debug(problem) => {
                write!(f, "cannot read the debug information of the ELF: {problem}")
            }
            Self::MissingSection(name) => write!(
                f,
                "the ELF has no section `{name}`, expected one; build it with `rex build`"
            ),
            Self::UnknownSection(name) => write!(
                f,
                "section `{name}` would have to be loaded, but an image has no place for it; remove the `link_section` attribute that makes it"
            ),
            Self::Misplaced(name) => write!(
                f,
                "section `{name}` is not where the link script of rex puts it; build the ELF with `rex build`"
            ),
            Self::WritableCode(name) => write!(
                f,
                "section `{name}` is code that may be written or data that may be executed, expected only one of the two; remove the `link_section` attribute that makes it so"
            ),
            Self::Aligned { section, alignment } => write!(
                f,
                "a static in section `{section}` is aligned to {alignment} bytes, at most {} are kept; lower its `#[repr(align(…))]`",
                rex_abi::REX_PAGE
            ),
            Self::NoStackSize(function) => write!(
                f,
                "the stack size of function `{function}` is not known; it was not compiled by `rex build`"
            ),
            Self::LargeFrame {
                function, frame, ..
            } => write!(
                f,
                "function `{function}` needs a stack frame of {frame} bytes, at most {} are allowed; keep large values in a map",
                rex_abi::REX_FRAME_MAX
            ),
            Self::NoEntryNop(function) => write!(
                f,
                "function `{function}` has no room for a stack check at its start; it was not compiled by `rex build`"
            ),
            Self::BadFunction(function) => {
                write!(
                    f,
                    "function `{function}` has no code of its own in the text section"
                )
            }
            Self::UnknownRelocation {
                kind,
                symbol,
                place,
            } => write!(
                f,
                "relocation of type {kind} to `{symbol}` at {place:#x} has no counterpart in an image"
            ),
            Self::BadThunkUse { symbol, place } => {
                write!(
                    f,
                    "`{symbol}` is used at {place:#x} in another way than a call or a jump"
                )
            }
            Self::UnknownImport { symbol, place } => write!(
                f,
                "`{symbol}`, used at {place:#x}, is not among the functions an extension may call"
            ),
            Self::AddressInsideFunction { target, place } => write!(
                f,
                "the address {target:#x} inside a function is used at {place:#x}; only the start of a function may be"
            ),
            Self::Descriptor { index, problem } => {
                write!(f, "program descriptor {index} {problem}")
            }
            Self::NoPrograms => write!(
                f,
                "the extension has no program; put an attribute such as `#[rex_tracepoint]` on a function"
            ),
            Self::SameName { what, name } => {
                write!(f, "two {what}s are called `{name}`; rename one of them")
            }
            Self::UnknownProgram(name) => write!(
                f,
                "`on_stop` names the program `{name}`, which does not exist; correct it in Cargo.toml"
            ),
            Self::Map { name, problem } => write!(f, "map `{name}` {problem}"),
            Self::Image(error) => write!(f, "the ELF does not give a valid image: {error}"),
            Self::Audit(errors) => write_findings(f, errors),
        }
    }
}

impl std::error::Error for PackError {}

impl From<Vec<AuditError>> for PackError {
    fn from(errors: Vec<AuditError>) -> Self {
        Self::Audit(errors)
    }
}

impl From<ImageError> for PackError {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<object::Error> for PackError {
    fn from(error: object::Error) -> Self {
        Self::Elf(error.to_string())
    }
}

impl From<gimli::Error> for PackError {
    fn from(error: gimli::Error) -> Self {
        Self::Debug(error.to_string())
    }
}
