// SPDX-License-Identifier: GPL-2.0-only
//! Text in a buffer that does not grow, with numbers and padding.

use core::fmt;

use super::{Base, Spec};

/// Digits of the longest number: 64 bits in binary.
const DIGITS: usize = 64;

/// Text in a buffer that does not grow: what does not fit is left out from there on.
pub struct Text<'a> {
    buffer: &'a mut [u8],
    length: usize,
    /// Whether something did not fit.
    overflowed: bool,
    /// Whether a `Display` or `Debug` failed.
    failed: bool,
}

impl<'a> Text<'a> {
    pub(crate) fn new(buffer: &'a mut [u8]) -> Self {
        Self {
            buffer,
            length: 0,
            overflowed: false,
            failed: false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// Appends what fits, up to a whole character.
    #[inline(never)]
    pub fn push(&mut self, text: &str) {
        if self.overflowed {
            return;
        }
        let room = self.buffer.len().saturating_sub(self.length);
        let mut fitting = text.len();
        if fitting > room {
            self.overflowed = true;
            fitting = room;
            while fitting > 0 && !text.is_char_boundary(fitting) {
                fitting -= 1;
            }
        }
        let (Some(target), Some(source)) = (
            self.buffer.get_mut(self.length..self.length + fitting),
            text.as_bytes().get(..fitting),
        ) else {
            return;
        };
        target.copy_from_slice(source);
        self.length += fitting;
    }

    pub(super) fn push_char(&mut self, character: char) {
        self.push(character.encode_utf8(&mut [0; 4]));
    }

    fn repeat(&mut self, character: char, count: usize) {
        for _ in 0..count {
            // What is behind the end is not counted out.
            if self.overflowed {
                return;
            }
            self.push_char(character);
        }
    }

    /// Text cut to the precision and filled up to the width.
    #[inline(never)]
    pub(super) fn padded(&mut self, text: &str, spec: &Spec) {
        let cut = spec
            .precision
            .and_then(|most| text.char_indices().nth(most))
            .and_then(|(end, _)| text.get(..end));
        let text = cut.unwrap_or(text);
        let room = if spec.width == 0 {
            0
        } else {
            spec.width.saturating_sub(text.chars().count())
        };
        let before = before(room, spec.align, '<');
        self.repeat(spec.fill, before);
        self.push(text);
        self.repeat(spec.fill, room - before);
    }

    /// A number in base 10.
    #[inline(never)]
    pub(super) fn decimal(&mut self, negative: bool, magnitude: u64, spec: &Spec) {
        let mut digits = [0; DIGITS];
        let mut start = DIGITS;
        let mut rest = magnitude;
        for place in digits.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            start -= 1;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let sign = match (negative, spec.plus) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        self.number(sign, "", digits.get(start..).unwrap_or_default(), spec);
    }

    /// A number in another base.
    #[inline(never)]
    pub(super) fn based(&mut self, bits: u64, base: Base, spec: &Spec) {
        let (shift, prefix) = match base {
            Base::Binary => (1, "0b"),
            Base::Octal => (3, "0o"),
            Base::LowerHex | Base::UpperHex => (4, "0x"),
        };
        let letter = if base == Base::UpperHex { b'A' } else { b'a' };
        let mut digits = [0; DIGITS];
        let mut start = DIGITS;
        let mut rest = bits;
        for place in digits.iter_mut().rev() {
            let digit = (rest & ((1 << shift) - 1)) as u8;
            *place = if digit < 10 {
                b'0' + digit
            } else {
                letter + digit - 10
            };
            start -= 1;
            rest >>= shift;
            if rest == 0 {
                break;
            }
        }
        let sign = if spec.plus { "+" } else { "" };
        let prefix = if spec.alternate { prefix } else { "" };
        self.number(sign, prefix, digits.get(start..).unwrap_or_default(), spec);
    }

    fn number(&mut self, sign: &str, prefix: &str, digits: &[u8], spec: &Spec) {
        let digits = str::from_utf8(digits).unwrap_or_default();
        let own = sign.len() + prefix.len() + digits.len();
        let room = spec.width.saturating_sub(own);
        let before = if spec.zero {
            0
        } else {
            before(room, spec.align, '>')
        };
        self.repeat(spec.fill, before);
        self.push(sign);
        self.push(prefix);
        if spec.zero {
            self.repeat('0', room);
        }
        self.push(digits);
        if !spec.zero {
            self.repeat(spec.fill, room - before);
        }
    }
}

/// How much of the room stands before the text; `usual` where no side is named.
fn before(room: usize, align: char, usual: char) -> usize {
    match if align == ' ' { usual } else { align } {
        '<' => 0,
        '^' => room / 2,
        _ => room,
    }
}

impl fmt::Write for Text<'_> {
    /// Never fails, so that formatting goes on.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}
