// SPDX-License-Identifier: GPL-2.0-only
//! Functions tile the text: between them is nothing but padding.

use iced_x86::{Decoder, DecoderOptions, Mnemonic};

use crate::audit::{Cause, Reporter};
use crate::image::Image;

/// Checks that whatever is not a function is NOP or `int3`.
pub(super) fn check(image: &Image, reporter: &mut Reporter<'_>) {
    let Some(text) = image.text() else {
        return;
    };
    let mut free = text.address;
    let ends = image
        .functions
        .iter()
        .map(|function| (function.address, function.address + function.size));
    let end = text.address + text.bytes.len() as u64;
    for (start, next) in ends.chain([(end, end)]) {
        let gap = image.text_bytes(free, start.saturating_sub(free));
        let mut decoder = Decoder::with_ip(64, gap, free, DecoderOptions::NONE);
        while decoder.can_decode() {
            let instruction = decoder.decode();
            if !matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3) {
                reporter.at(instruction.ip(), Cause::NotPadding);
                break;
            }
        }
        free = next;
    }
}
