// SPDX-License-Identifier: GPL-2.0-only
//! An object as clients see it.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::maps::{Map, Storage, kind_name};
use crate::object::{Link, Object};

/// What was loaded.
pub fn description(object: &Object) -> Value {
    let programs: Vec<Value> = (object.image.programs.iter())
        .map(|program| {
            json!({ "name": program.name, "type": program.kind.name(), "attach": program.attach })
        })
        .collect();
    json!({ "digest": hex(&object.image.digest), "programs": programs, "maps": maps(object) })
}

/// A link.
pub fn link(object: &Object, link: &Link) -> Value {
    let program = &object.image.programs[link.program].name;
    json!({ "link": link.id, "program": program, "attach": link.attach, "state": "armed" })
}

/// Programs and maps as they are now.
pub fn state(object: &Object) -> Value {
    let links = object.links();
    let program = |index: usize| {
        let declared = &object.image.programs[index];
        let state = &object.programs[index];
        let link = links.iter().find(|link| link.program == index);
        let (word, attach) = match link {
            _ if state.dead.load(Ordering::Relaxed) => ("dead", &declared.attach),
            Some(link) => ("armed", &link.attach),
            None => ("loaded", &declared.attach),
        };
        let timed = state.timed_runs.load(Ordering::Relaxed);
        let average = state.timed_ns.load(Ordering::Relaxed).checked_div(timed);
        let mut value = json!({
            "name": declared.name,
            "type": declared.kind.name(),
            "attach": attach,
            "state": word,
            "runs": state.runs.load(Ordering::Relaxed),
            "missed": state.missed.load(Ordering::Relaxed),
            "avg_ns": average.unwrap_or(0),
        });
        if let Some(link) = link {
            value["link"] = link.id.into();
        }
        value
    };
    let programs: Vec<Value> = (0..object.image.programs.len()).map(program).collect();
    json!({ "programs": programs, "maps": maps(object) })
}

/// Characters of an answer with entries, about; a client refuses a line of 16 MiB.
const ANSWER: usize = 8 << 20;

/// Entries of a map, as hexadecimal pairs; a ring buffer's records are taken out if asked.
/// Those that would make the answer too long are `left_out`, a number.
pub fn entries(map: &Map, consume: bool) -> Value {
    let mut entries = match map.ring() {
        Some(ring) if consume => ring.take(),
        _ => map.entries(
            u32::try_from(ANSWER / map.shape.value_size.max(1) as usize).unwrap_or(u32::MAX),
        ),
    };
    let mut room = ANSWER;
    let fitting = entries.iter().take_while(|(key, value)| {
        let length = 2 * (key.len() + value.len()) + r#"{"key":"","value":""},"#.len();
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    });
    let fitting = fitting.count();
    let total = match map.storage {
        Storage::Array(_) => map.shape.max_entries as usize,
        _ => entries.len(),
    };
    entries.truncate(fitting);
    let pairs: Vec<Value> = (entries.iter())
        .map(|(key, value)| json!({ "key": hex(key), "value": hex(value) }))
        .collect();
    let mut answer =
        json!({ "name": map.name, "type": kind_name(map.shape.kind), "entries": pairs });
    if total > fitting {
        answer["left_out"] = (total - fitting).into();
    }
    answer
}

fn maps(object: &Object) -> Value {
    let map = |map: &Map| {
        json!({
            "name": map.name,
            "type": kind_name(map.shape.kind),
            "key_size": map.shape.key_size,
            "value_size": map.shape.value_size,
            "max_entries": map.shape.max_entries,
            "flags": map.shape.flags,
        })
    };
    object.maps.iter().map(map).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_larger_than_memory_is_shown_in_part() {
        let declared = rex_image::Map {
            name: "cache".into(),
            kind: rex_abi::REX_MAP_ARRAY,
            key_size: 4,
            value_size: 1516,
            max_entries: 3_250_000,
            flags: 0,
            slot: 0,
            layout: rex_image::MapLayout::default(),
        };
        let map = Map::create(&declared, 1).unwrap();
        let answer = entries(&map, false);
        let shown = answer["entries"].as_array().unwrap().len();
        assert!(answer.to_string().len() < 16 << 20);
        assert!(shown > 1000);
        assert_eq!(answer["left_out"], 3_250_000 - shown);
    }
}
