// SPDX-License-Identifier: GPL-2.0-only
//! From the linked ELF to an image.

mod elf;
mod error;
mod functions;
mod map_layout;
mod map_types;
mod programs;
mod references;
mod source;

use std::collections::BTreeMap;

use rex_abi as abi;
use sha2::{Digest, Sha256};

pub use error::PackError;
pub use map_types::{MapTypes, Shape, TypeTree, map_types};

use crate::audit;
use crate::checks::Checks;
use crate::code::Code;
use crate::image::{BuildRecord, Image};
use elf::Elf;
use source::{Paths, SourceReader};

/// What the ELF itself does not say.
#[derive(Clone, Debug, Default)]
pub struct PackOptions {
    /// SPDX expression of the extension's licence.
    pub licence: String,
    /// What it was built from and with.
    pub record: BTreeMap<String, String>,
    /// Directory prefixes of source files and what to put in their place, first match wins.
    /// With the package's directory mapped to the empty string, paths are relative to the
    /// package and the image does not depend on where it was built.
    pub path_prefixes: Vec<(String, String)>,
    /// Verdict after a stop for programs by name, in place of the one of their type.
    pub on_stop: BTreeMap<String, u32>,
}

/// Makes an image of a linked ELF.
///
/// The ELF is linked with [`crate::LINK_SCRIPT`] and `--emit-relocs`, compiled with stack
/// sizes, entry NOPs and external thunks. The same inputs give the same image.
///
/// # Errors
/// [`PackError`] if the ELF was made another way, or if the code needs something an image
/// cannot have.
pub fn pack(elf: &[u8], options: &PackOptions) -> Result<Image, PackError> {
    let elf = Elf::read(elf)?;
    let paths = Paths::new(&options.path_prefixes);
    let source = SourceReader::read(&elf, &paths)?;

    let mut functions = functions::read(&elf, &source)?;
    let references = references::read(&elf, &functions)?;
    for function in &mut functions {
        function.address_taken = references.address_taken.contains(&function.address);
    }
    let mut image = Image {
        link_base: abi::REX_LINK_BASE,
        segments: elf.segments()?,
        fixups: references.fixups,
        patch_sites: references.patch_sites,
        imports: references.imports,
        programs: programs::programs(&elf, &functions, &source, &options.on_stop)?,
        maps: programs::maps(&elf, &source)?,
        source_map: source.source_map()?,
        functions,
        record: BuildRecord {
            entries: options.record.clone(),
        },
        licence: options.licence.clone(),
        digest: [0; abi::REX_DIGEST_LEN],
        signature: Vec::new(),
    };
    image.validate()?;
    let code = Code::read(&image)?;
    functions::grow(&mut image.functions, &code, &image.source_map)?;
    let checks = Checks::find(&image, &code)?;
    for (index, function) in image.functions.iter_mut().enumerate() {
        function.checked = checks.checked[index];
        function.chain_after = checks.chain_after[index];
    }
    audit::audit(&image)?;
    let bytes = image.to_bytes();
    let covered = &bytes[..bytes.len() - abi::REX_DIGEST_LEN];
    image.digest = Sha256::digest(covered).into();
    Ok(image)
}
