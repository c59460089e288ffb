// SPDX-License-Identifier: GPL-2.0-only
//! What can be wrong with a container.

use std::fmt;

/// Why bytes are not a container that may be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// The file does not start with the magic number.
    NotAnImage,
    /// The file is of another version of the format.
    Version {
        /// Version in the file.
        found: u32,
    },
    /// The file ends before something it announces.
    Truncated {
        /// What was being read.
        what: &'static str,
        /// File offset of its end.
        needed: u64,
        /// Bytes in the file.
        length: u64,
    },
    /// The digest does not match the bytes before it.
    Digest,
    /// The directory is not as the format prescribes.
    Directory {
        /// Section number.
        section: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A record breaks a rule of the format.
    Invalid {
        /// What kind of record.
        what: &'static str,
        /// Its index.
        index: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => {
                write!(
                    f,
                    "not a rex image: expected the magic bytes REXIMG at the start; give the NAME.rex that `rex build` wrote"
                )
            }
            Self::Version { found } => write!(
                f,
                "image format version {found} is not supported, expected version {}; build the extension again with this version of rex",
                rex_abi::REX_IMAGE_VERSION
            ),
            Self::Truncated {
                what,
                needed,
                length,
            } => write!(
                f,
                "image is cut short: {what} ends at byte {needed}, but the file has {length} bytes; build the extension again"
            ),
            Self::Digest => write!(
                f,
                "image is damaged: its SHA-256 digest does not match its contents; build the extension again"
            ),
            Self::Directory { section, problem } => {
                write!(
                    f,
                    "image is malformed: section {section} {problem}; build the extension again"
                )
            }
            Self::Invalid {
                what,
                index,
                problem,
            } => {
                write!(
                    f,
                    "image is malformed: {what} {index} {problem}; build the extension again"
                )
            }
        }
    }
}

impl std::error::Error for ImageError {}
