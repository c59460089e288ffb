// SPDX-License-Identifier: GPL-2.0-only
//! What can go wrong, in the words of the protocol.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rex_image::{AuditError, write_findings};
use serde::{Deserialize, Serialize};

/// Kind of a failure, with its number in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Client and daemon speak different versions.
    VersionSkew,
    /// The image cannot be read or does not hold together.
    BadImage,
    /// No object, link or source with this number.
    NoSuchObject,
    /// The hook does not exist.
    UnknownAttachTarget,
    /// The target cannot do this.
    Unsupported,
    /// An event source could not start.
    SourceFailed,
    /// The user may not do this.
    NotPermitted,
    /// The target cannot be used on this machine.
    TargetUnavailable,
    /// Something is in use.
    Busy,
    /// Bytes that are no value of the map's types.
    InvalidValue,
    /// The map does not do this, with an error number of the kernel.
    MapRefused,
}

impl Kind {
    /// Number in the protocol.
    pub fn code(self) -> i64 {
        match self {
            Self::VersionSkew => 1001,
            Self::BadImage => 1002,
            Self::NoSuchObject => 1003,
            Self::UnknownAttachTarget => 1004,
            Self::Unsupported => 1005,
            Self::SourceFailed => 1006,
            Self::NotPermitted => 1007,
            Self::TargetUnavailable => 1008,
            Self::Busy => 1009,
            Self::InvalidValue => 1010,
            Self::MapRefused => 1011,
        }
    }
}

/// A failure that a person can read and a program can tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, as a kind.
    pub kind: Kind,
    /// What was expected, what was found, where.
    pub message: String,
    /// What to do about it, empty if there is nothing to say.
    pub repair: String,
    /// Names close to the one that was not found.
    pub near: Vec<String>,
    /// The file it is about.
    pub path: Option<PathBuf>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            repair: String::new(),
            near: Vec::new(),
            path: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn repair(mut self, repair: impl Into<String>) -> Self {
        self.repair = repair.into();
        self
    }

    /// Adds the file it is about.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Why an image was not loaded.
#[derive(Debug)]
pub enum LoadError {
    /// Memory below 2 GiB could not be had.
    Memory {
        /// Bytes wanted.
        bytes: u64,
        /// What the kernel said.
        source: io::Error,
    },
    /// The image asks for something that a valid image does not.
    Image(String),
    /// The audit gate refuses the image's code; at least one finding.
    Audit(Vec<AuditError>),
    /// The image calls a function that this target does not have.
    UnknownImport(String),
    /// A map cannot be created.
    Map {
        /// Its name.
        name: String,
        /// The kernel's error number for it.
        errno: i32,
        /// Which rule it breaks.
        reason: String,
    },
    /// This target does not provide this kind of map.
    MapKind {
        /// Its name.
        name: String,
        /// `BPF_MAP_TYPE_*`.
        kind: u32,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { bytes, source } => {
                write!(f, "could not map {bytes} bytes below 2 GiB: {source}")
            }
            Self::Image(reason) => write!(f, "the image does not hold together: {reason}"),
            Self::Audit(findings) => write_findings(f, findings),
            Self::UnknownImport(name) => {
                write!(
                    f,
                    "the image calls `{name}`, which the sim target does not have"
                )
            }
            Self::Map {
                name,
                errno,
                reason,
            } => {
                write!(
                    f,
                    "map `{name}` cannot be created (errno {errno}): {reason}"
                )
            }
            Self::MapKind { name, kind } => {
                write!(
                    f,
                    "map `{name}` is of type {kind}, which the sim target does not provide"
                )
            }
        }
    }
}

impl std::error::Error for LoadError {}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let message = error.to_string();
        match error {
            LoadError::Memory { .. } => Self::new(Kind::TargetUnavailable, message)
                .repair("raise the limit on address space (ulimit -v) or free memory"),
            LoadError::Image(_) | LoadError::Audit(_) | LoadError::UnknownImport(_) => {
                Self::new(Kind::BadImage, message).repair("rebuild it with `rex build`")
            }
            LoadError::Map { .. } => {
                Self::new(Kind::BadImage, message).repair("correct the map's declaration")
            }
            LoadError::MapKind { .. } => Self::new(Kind::Unsupported, message)
                .repair("use a kind of map that `rex::map` has a type for"),
        }
    }
}
