// SPDX-License-Identifier: GPL-2.0-only
//! What inside a key or value needs care: padding, which never leaves a program, and enums,
//! which never hold anything but one of their values.

use rex_image::{EnumField, ValueLayout};

/// A key or a value.
pub struct Side {
    /// Bytes of it.
    size: usize,
    padding: Vec<(usize, usize)>,
    enums: Vec<EnumField>,
}

impl Side {
    /// One of `size` bytes.
    pub fn new(layout: &ValueLayout, size: u32) -> Self {
        let inside = layout.padding.iter().filter(|span| {
            let end = span.offset.checked_add(span.length);
            end.is_some_and(|end| end <= size)
        });
        Self {
            size: size as usize,
            padding: inside
                .map(|span| (span.offset as usize, span.length as usize))
                .collect(),
            enums: layout.enums.clone(),
        }
    }

    /// Passes `bytes` on, with padding zeroed in a copy; types without padding pay nothing.
    pub fn without_padding<R>(&self, bytes: &[u8], body: impl FnOnce(&[u8]) -> R) -> R {
        if self.padding.is_empty() {
            return body(bytes);
        }
        let mut copy = bytes.to_vec();
        self.zero_padding(&mut copy);
        body(&copy)
    }

    /// Zeroes the padding: what a program wrote through a reference has the padding of
    /// wherever it came from.
    pub fn zero_padding(&self, bytes: &mut [u8]) {
        for &(offset, length) in &self.padding {
            if let Some(padding) = bytes.get_mut(offset..offset + length) {
                padding.fill(0);
            }
        }
    }

    /// Checks bytes from outside: their number, and every enum inside. `what` is `key` or
    /// `value`. The error is a sentence.
    pub fn check(&self, what: &str, bytes: &[u8]) -> Result<(), String> {
        if bytes.len() != self.size {
            return Err(format!(
                "the {what} has {} bytes, expected {}",
                bytes.len(),
                self.size
            ));
        }
        for field in &self.enums {
            let start = field.span.offset as usize;
            let place = bytes.get(start..start + field.span.length as usize);
            let mut number = [0; 8];
            let held = place.unwrap_or_default();
            number[..held.len()].copy_from_slice(held);
            let number = u64::from_le_bytes(number);
            if field.values.binary_search(&number).is_err() {
                return Err(format!(
                    "the enum at byte {start} of the {what} would be {number}, expected one of {}",
                    listed(&field.values)
                ));
            }
        }
        Ok(())
    }
}

/// The first few numbers.
fn listed(values: &[u64]) -> String {
    const SHOWN: usize = 16;
    let mut words: Vec<_> = (values.iter().take(SHOWN))
        .map(ToString::to_string)
        .collect();
    if values.len() > SHOWN {
        words.push("…".into());
    }
    words.join(", ")
}
