// SPDX-License-Identifier: GPL-2.0-only
//! The part of memcached's text protocol that the cache reads.

/// A SET: where its parts stand in the packet. `data` ends with `\r\n`.
pub struct Set<'a> {
    pub key: &'a [u8],
    pub flags: &'a [u8],
    pub length: &'a [u8],
    pub data: &'a [u8],
}

fn line_end(text: &[u8]) -> Option<usize> {
    text.windows(2).position(|pair| pair == b"\r\n")
}

fn number(digits: &[u8]) -> Option<usize> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// The keys of `get key key …\r\n`.
pub fn keys_of_get(text: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let keys = text
        .strip_prefix(b"get ")?
        .get(..line_end(text)?.checked_sub(4)?)?;
    Some(
        keys.split(|byte| *byte == b' ')
            .filter(|key| !key.is_empty()),
    )
}

/// The parts of `set key flags exptime bytes[ noreply]\r\ndata\r\n`.
pub fn value_of_set(text: &[u8]) -> Option<Set<'_>> {
    let (line, rest) = text
        .strip_prefix(b"set ")?
        .split_at_checked(line_end(text)?.checked_sub(4)?)?;
    let mut words = line.split(|byte| *byte == b' ');
    let (key, flags, _exptime) = (words.next()?, words.next()?, words.next()?);
    let length = words.next()?;
    let data = rest.get(2..number(length)?.checked_add(4)?)?;
    data.ends_with(b"\r\n").then_some(Set {
        key,
        flags,
        length,
        data,
    })
}

/// The key and the whole text of the value in `VALUE key flags bytes\r\ndata\r\nEND\r\n`.
/// A reply with several values is left alone.
pub fn value_of_reply(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = line_end(text)?;
    let mut words = text
        .get(..head)?
        .strip_prefix(b"VALUE ")?
        .split(|byte| *byte == b' ');
    let key = words.next()?;
    let length = number(words.nth(1)?)?;
    let end = head.checked_add(2)?.checked_add(length)?.checked_add(2)?;
    (text.get(end..)? == b"END\r\n").then_some((key, &text[..end]))
}
