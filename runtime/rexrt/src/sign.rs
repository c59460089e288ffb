// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt sign`: puts a signature over its digest into a container.

use std::path::Path;
use std::process::ExitCode;

use rex_sim::worker;

use crate::pack::write_whole;
use crate::signature::sign;
use crate::{FINDINGS, USAGE, usage};

/// Signs the container that the arguments name, in the place of an earlier signature.
pub fn run(arguments: &[&str]) -> ExitCode {
    let [path, "--key", key, "--certificate", certificate] = arguments else {
        return usage("sign takes a container, --key KEY and --certificate CERT");
    };
    let path = Path::new(path);
    let mut image = match worker::read_image(path) {
        Ok(image) => image,
        Err(failure) => {
            eprintln!("rexrt: {failure}");
            return ExitCode::from(FINDINGS);
        }
    };
    let written = sign(&image, key, Path::new(certificate)).and_then(|signature| {
        image.signature = signature;
        write_whole(path, &image.to_bytes())
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("rexrt: {message}");
            ExitCode::from(USAGE)
        }
    }
}
