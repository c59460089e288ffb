// SPDX-License-Identifier: GPL-2.0-only
//! Requests that read and write the maps of a loaded object.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::errno::Errno;
use crate::error::{Failure, Kind};
use crate::listing;
use crate::maps::{Map, Unwritten};
use crate::object::Object;

/// `map`.
#[derive(Deserialize)]
pub struct Read {
    name: String,
    #[serde(default)]
    consume: bool,
}

/// `map_update`. Bytes are hexadecimal.
#[derive(Deserialize)]
pub struct Update {
    name: String,
    key: String,
    value: Values,
    #[serde(default)]
    flags: u64,
}

/// One value, or one for each CPU.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Each(Vec<String>),
}

/// `map_delete`.
#[derive(Deserialize)]
pub struct Delete {
    name: String,
    key: String,
}

/// Entries of a map, or the records of a ring buffer.
pub fn read(object: &Object, read: &Read) -> Result<Value, Failure> {
    let map = find(object, &read.name)?;
    if !map.readable() {
        return Err(refused(map, Errno::EPERM));
    }
    Ok(listing::entries(map, read.consume))
}

/// Creates or replaces an entry.
pub fn update(object: &Object, update: &Update) -> Result<Value, Failure> {
    let map = find(object, &update.name)?;
    let key = bytes(map, "key", &update.key)?;
    let values = match &update.value {
        Values::One(value) => vec![bytes(map, "value", value)?],
        Values::Each(values) => (values.iter())
            .map(|value| bytes(map, "value", value))
            .collect::<Result<_, _>>()?,
    };
    map.write(&key, &values, update.flags)
        .map_err(|error| unwritten(map, error))?;
    Ok(json!({}))
}

/// Deletes an entry.
pub fn delete(object: &Object, delete: &Delete) -> Result<Value, Failure> {
    let map = find(object, &delete.name)?;
    let key = bytes(map, "key", &delete.key)?;
    map.erase(&key).map_err(|error| unwritten(map, error))?;
    Ok(json!({}))
}

fn find<'a>(object: &'a Object, name: &str) -> Result<&'a Map, Failure> {
    let found = object.maps.iter().find(|map| map.name == name);
    found.ok_or_else(|| {
        let names: Vec<_> = (object.maps.iter())
            .map(|map| format!("`{}`", map.name))
            .collect();
        let have = match names.is_empty() {
            true => "none".into(),
            false => names.join(", "),
        };
        Failure::new(
            Kind::NoSuchObject,
            format!("there is no map `{name}`; the image has {have}"),
        )
    })
}

fn bytes(map: &Map, what: &str, text: &str) -> Result<Vec<u8>, Failure> {
    let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
    let digits: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2));
    let digits = digits.ok_or_else(|| {
        let problem = format!("the {what} is not pairs of hexadecimal digits");
        invalid(map, &problem)
    })?;
    Ok(digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect())
}

fn unwritten(map: &Map, error: Unwritten) -> Failure {
    match error {
        Unwritten::Invalid(problem) => invalid(map, &problem),
        Unwritten::Errno(errno) => refused(map, errno),
    }
}

fn invalid(map: &Map, problem: &str) -> Failure {
    Failure::new(
        Kind::InvalidValue,
        format!("map `{}` was not changed: {problem}", map.name),
    )
}

fn refused(map: &Map, errno: Errno) -> Failure {
    let reason = match errno {
        Errno::ENOENT => "there is no entry with this key",
        Errno::EEXIST => "there is an entry with this key already",
        Errno::E2BIG => "it is full, or the index is outside",
        Errno::ENOSPC => "it is full",
        Errno::EPERM => "its flags do not allow this from outside a program",
        _ => "this kind of map does not take this key, these flags or this operation",
    };
    let message = format!("map `{}` refuses (errno {}): {reason}", map.name, errno.0);
    Failure::new(Kind::MapRefused, message)
}
