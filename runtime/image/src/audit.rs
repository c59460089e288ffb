// SPDX-License-Identifier: GPL-2.0-only
//! The audit gate: what the machine code of an image can do, judged before it is loaded.
//!
//! It proves which instructions can run, where control can go while return addresses and
//! function pointers are intact, which imports are used, and how much stack. It does not
//! prove memory safety: that rests on the compiler, the kernel crate and the rules.

mod error;
mod listing;
mod words;

pub(crate) use error::Reporter;
pub use error::{AuditError, Cause, Entered, Refused};
pub use listing::{Listed, listing};
pub use words::write_findings;

use crate::checks::Checks;
use crate::code::Code;
use crate::image::Image;

/// Judges an image.
///
/// # Errors
/// Everything that is wrong with it, in the order of addresses; never an empty list.
pub fn audit(image: &Image) -> Result<(), Vec<AuditError>> {
    read(image).map(|_| ())
}

/// As [`audit`], and gives the code it read.
pub(crate) fn read(image: &Image) -> Result<Code, Vec<AuditError>> {
    if let Err(error) = image.validate() {
        return Err(vec![AuditError::of_image(Cause::Image(error))]);
    }
    let code = Code::read(image)?;
    let checks = Checks::find(image, &code)?;
    let mut reporter = Reporter::new(image);
    for (index, function) in image.functions.iter().enumerate() {
        let own = &code.functions[index];
        let wanted = (checks.checked[index], checks.chain_after[index]);
        let problem = if own.frame > function.frame && !own.realigns {
            Some(Cause::Frame {
                recorded: function.frame,
                found: own.frame,
            })
        } else if (function.checked, function.chain_after) != wanted {
            Some(Cause::Check {
                recorded: (function.checked, function.chain_after),
                found: wanted,
            })
        } else if function.address_taken
            != code.address_taken.binary_search(&function.address).is_ok()
        {
            Some(Cause::AddressTaken(function.address_taken))
        } else {
            None
        };
        if let Some(cause) = problem {
            reporter.at(function.address, cause);
        }
    }
    if reporter.is_empty() {
        Ok(code)
    } else {
        Err(reporter.into_errors())
    }
}
