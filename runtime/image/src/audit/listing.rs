// SPDX-License-Identifier: GPL-2.0-only
//! The instructions of an image as text, as the audit gate reads them.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

use crate::image::Image;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Link address.
    pub address: u64,
    /// Bytes.
    pub length: usize,
    /// In Intel syntax; `(bad)` for bytes that are no instruction.
    pub text: String,
}

/// Every instruction of every function, by address.
pub fn listing(image: &Image) -> Vec<Listed> {
    let functions = image.functions.iter();
    functions
        .flat_map(|function| decoded(image, function.address, function.size))
        .collect()
}

/// The instructions of a range of the text.
pub(crate) fn decoded(image: &Image, address: u64, length: u64) -> Vec<Listed> {
    let bytes = image.text_bytes(address, length);
    let mut formatter = IntelFormatter::new();
    let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
    let mut found = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        found.push(Listed {
            address: instruction.ip(),
            length: instruction.len(),
            text,
        });
    }
    found
}
