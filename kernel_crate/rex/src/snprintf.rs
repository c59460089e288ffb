// SPDX-License-Identifier: GPL-2.0-only
//! C's number formatting, without pointers and strings.

use crate::linux::errno::EINVAL;

/// Bytes of the longest number: 64 bits in octal.
const DIGITS: usize = 22;

struct Output<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl Output<'_> {
    fn byte(&mut self, byte: u8) {
        // The last byte is for the NUL.
        if self.length + 1 < self.buffer.len()
            && let Some(place) = self.buffer.get_mut(self.length)
        {
            *place = byte;
        }
        self.length += 1;
    }

    fn repeat(&mut self, byte: u8, count: usize) {
        for _ in 0..count {
            self.byte(byte);
        }
    }
}

/// A conversion behind its `%`.
#[derive(Default)]
struct Conversion {
    left: bool,
    zero: bool,
    width: usize,
    long: bool,
}

impl Conversion {
    /// Reads flags, width and length; gives the conversion character.
    fn read(&mut self, format: &mut impl Iterator<Item = u8>) -> Option<u8> {
        loop {
            match format.next()? {
                b'-' if self.width == 0 => self.left = true,
                b'0' if self.width == 0 => self.zero = true,
                digit @ b'0'..=b'9' => {
                    self.width = (self.width * 10 + usize::from(digit - b'0')).min(64);
                }
                b'l' => self.long = true,
                conversion => return Some(conversion),
            }
        }
    }

    fn number(&self, out: &mut Output<'_>, negative: bool, mut value: u64, base: u64, upper: bool) {
        let mut digits = [0; DIGITS];
        let mut start = DIGITS;
        loop {
            let digit = (value % base) as u8;
            let letter = if upper { b'A' } else { b'a' };
            start -= 1;
            if let Some(place) = digits.get_mut(start) {
                *place = if digit < 10 {
                    b'0' + digit
                } else {
                    letter + digit - 10
                };
            }
            value /= base;
            if value == 0 || start == 0 {
                break;
            }
        }
        let digits = digits.get(start..).unwrap_or_default();
        let room = self
            .width
            .saturating_sub(digits.len() + usize::from(negative));
        if !self.left && !self.zero {
            out.repeat(b' ', room);
        }
        if negative {
            out.byte(b'-');
        }
        if !self.left && self.zero {
            out.repeat(b'0', room);
        }
        for digit in digits {
            out.byte(*digit);
        }
        if self.left {
            out.repeat(b' ', room);
        }
    }
}

/// See `bpf_snprintf` of the program objects.
pub(crate) fn snprintf(buffer: &mut [u8], format: &str, data: &[u64]) -> crate::Result {
    let invalid = Err(-(EINVAL as i32));
    let mut out = Output { buffer, length: 0 };
    let mut data = data.iter().copied();
    let mut format = format.bytes();
    while let Some(byte) = format.next() {
        if byte != b'%' {
            out.byte(byte);
            continue;
        }
        let mut conversion = Conversion::default();
        let Some(kind) = conversion.read(&mut format) else {
            return invalid;
        };
        if kind == b'%' {
            out.byte(b'%');
            continue;
        }
        let Some(value) = data.next() else {
            return invalid;
        };
        let signed = if conversion.long {
            value as i64
        } else {
            i64::from(value as i32)
        };
        let unsigned = if conversion.long {
            value
        } else {
            u64::from(value as u32)
        };
        match kind {
            b'd' | b'i' => {
                conversion.number(&mut out, signed < 0, signed.unsigned_abs(), 10, false);
            }
            b'u' => conversion.number(&mut out, false, unsigned, 10, false),
            b'x' | b'X' => conversion.number(&mut out, false, unsigned, 16, kind == b'X'),
            b'o' => conversion.number(&mut out, false, unsigned, 8, false),
            b'c' => out.byte(value as u8),
            _ => return invalid,
        }
    }
    if data.next().is_some() {
        return invalid;
    }
    let length = out.length;
    let end = length.min(out.buffer.len().saturating_sub(1));
    if let Some(place) = out.buffer.get_mut(end) {
        *place = 0;
    }
    Ok(length as i32 + 1)
}
