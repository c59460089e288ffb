// SPDX-License-Identifier: GPL-2.0-only
//! Which images may be loaded, by who signed them. The user decides, never a project: the
//! policy stands in the user's configuration directory or in the daemon's arguments, and is
//! read again at every load.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rex_image::Image;
use rex_sim::error::{Failure, Kind};
use rex_sim::worker;

use crate::inspect::digest;
use crate::signature::{self, Verdict};

/// What becomes of an image that nobody trusted signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// It is loaded.
    None,
    /// It is loaded, with a warning.
    Warn,
    /// It is refused.
    Require,
}

impl Demand {
    /// From its name.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "warn" => Some(Self::Warn),
            "require" => Some(Self::Require),
            _ => None,
        }
    }
}

/// The policy, as far as the daemon's arguments say it.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// In place of the file `signatures`.
    pub demand: Option<Demand>,
    /// In place of the directory `trusted`.
    pub trusted: Option<PathBuf>,
}

/// What a load may go on with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// The digest, in hex, that the image has to have when it is loaded.
    pub digest: Option<String>,
    /// What the person should know.
    pub warning: Option<String>,
}

impl Policy {
    /// Judges the image in a file before it is loaded.
    pub fn admit(&self, path: &Path) -> Result<Admitted, Failure> {
        let demand = self.demand()?;
        if demand == Demand::None {
            return Ok(Admitted::default());
        }
        let image = worker::read_image(path)?;
        let problem = match self.judge(&image) {
            Verdict::Trusted(_) => None,
            Verdict::Unsigned => Some("is not signed".to_owned()),
            Verdict::Refused { signer, reason } if signer.is_empty() => {
                Some(format!("has a signature that cannot be used: {reason}"))
            }
            Verdict::Refused { signer, reason } => Some(format!(
                "has a signature by {signer} that does not count: {reason}"
            )),
        };
        let warning = match problem {
            Some(problem) => {
                let message = format!("{} {problem}", path.display());
                if demand == Demand::Require {
                    return Err(self.refusal(message, path));
                }
                Some(message)
            }
            None => None,
        };
        Ok(Admitted {
            digest: Some(digest(&image)),
            warning,
        })
    }

    /// What an image's signature is worth here.
    pub fn judge(&self, image: &Image) -> Verdict {
        signature::judge(image, &self.trusted())
    }

    fn refusal(&self, message: String, path: &Path) -> Failure {
        Failure::new(Kind::NotPermitted, message)
            .repair(format!(
                "sign it with `rex build --sign-key KEY --sign-cert CERT`, and trust the signer by \
                 its certificate in {}",
                self.trusted().display()
            ))
            .path(path)
    }

    fn trusted(&self) -> PathBuf {
        (self.trusted.clone()).unwrap_or_else(|| configuration().join("trusted"))
    }

    /// A file that says something else than it may is as good as `require`: nobody wrote one
    /// to have no policy.
    fn demand(&self) -> Result<Demand, Failure> {
        if let Some(demand) = self.demand {
            return Ok(demand);
        }
        let file = configuration().join("signatures");
        let wrong = |found: String| {
            let message = format!(
                "expected `none`, `warn` or `require` in {}, found {found}",
                file.display()
            );
            Failure::new(Kind::NotPermitted, message)
                .repair("write one of the three words, or remove the file")
        };
        match fs::read_to_string(&file) {
            Ok(text) => {
                Demand::named(text.trim()).ok_or_else(|| wrong(format!("`{}`", text.trim())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Demand::None),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

/// `$XDG_CONFIG_HOME/rex`, else `~/.config/rex`.
fn configuration() -> PathBuf {
    let absolute =
        |name: &str| (std::env::var_os(name).map(PathBuf::from)).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".config")))
        .unwrap_or_else(|| PathBuf::from("/etc"))
        .join("rex")
}
