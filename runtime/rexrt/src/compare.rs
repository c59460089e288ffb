// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt compare`: where two containers differ first, section by section.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::process::ExitCode;

use rex_image::{Frame, Image, Segment};
use rex_sim::worker;
use serde_json::{Value, json};

use crate::audit::frame;
use crate::inspect::digest;
use crate::{FINDINGS, USAGE, usage};

/// One difference. `what` is the part of the container, `name` a thing in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    what: &'static str,
    name: String,
    first: String,
    second: String,
    line: Option<Frame>,
}

/// Compares the containers that the arguments name.
pub fn run(arguments: &[&str]) -> ExitCode {
    let (paths, as_json) = match arguments {
        [first, second] | [first, second, "--format", "human"] => ([first, second], false),
        [first, second, "--format", "json"] => ([first, second], true),
        _ => return usage("compare takes two containers and --format human|json"),
    };
    let mut images = Vec::new();
    for path in paths {
        match worker::read_image(Path::new(path)) {
            Ok(image) => images.push(image),
            Err(failure) => {
                eprintln!("rexrt: {failure}");
                return ExitCode::from(USAGE);
            }
        }
    }
    let found = differences(&images[0], &images[1]);
    let equal = images[0].digest == images[1].digest;
    if as_json {
        let listed: Vec<Value> = found.iter().map(to_json).collect();
        let [first, second] = [digest(&images[0]), digest(&images[1])];
        println!(
            "{}",
            json!({ "schema": 1, "equal": equal, "first": first, "second": second,
                "differences": listed })
        );
    } else {
        for one in &found {
            println!("{} {}: {} | {}", one.what, one.name, one.first, one.second);
        }
    }
    ExitCode::from(if equal { 0 } else { FINDINGS })
}

fn to_json(one: &Difference) -> Value {
    json!({
        "what": one.what,
        "name": one.name,
        "first": one.first,
        "second": one.second,
        "line": one.line.as_ref().map(frame),
    })
}

/// What differs, signatures aside. Of code and data only the first byte in each segment is
/// told: what follows a change has moved.
fn differences(first: &Image, second: &Image) -> Vec<Difference> {
    let mut found = Vec::new();
    let (ours, theirs) = (&first.record.entries, &second.record.entries);
    for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let [a, b] =
            [ours.get(key), theirs.get(key)].map(|value| value.cloned().unwrap_or_default());
        if a != b {
            found.push(Difference {
                what: "record",
                name: key.clone(),
                first: a,
                second: b,
                line: None,
            });
        }
    }
    by_name(
        &mut found,
        "program",
        &first.programs,
        &second.programs,
        |one| &one.name,
    );
    by_name(&mut found, "map", &first.maps, &second.maps, |one| {
        &one.name
    });
    by_name(
        &mut found,
        "import",
        &first.imports,
        &second.imports,
        |one| one,
    );
    for segment in &first.segments {
        let other = second
            .segments
            .iter()
            .find(|other| other.kind == segment.kind);
        found.extend(in_segment(first, segment, second, other));
    }
    let fewer = |segment: &&Segment| first.segments.iter().all(|one| one.kind != segment.kind);
    for segment in second.segments.iter().filter(fewer) {
        found.push(Difference {
            what: "segment",
            name: format!("{:?}", segment.kind).to_lowercase(),
            first: "none".into(),
            second: bytes(segment.memory_len),
            line: None,
        });
    }
    if found.is_empty() {
        let tables = [
            ("functions", first.functions == second.functions),
            ("fix-ups", first.fixups == second.fixups),
            ("patch sites", first.patch_sites == second.patch_sites),
            ("source map", first.source_map == second.source_map),
            ("licence", first.licence == second.licence),
            ("link base", first.link_base == second.link_base),
        ];
        for (name, _) in tables.iter().filter(|(_, equal)| !equal) {
            found.push(Difference {
                what: "table",
                name: (*name).into(),
                ..Difference::default()
            });
        }
    }
    found
}

/// What stands under one name on one side only, or differently.
fn by_name<T: PartialEq + Debug>(
    found: &mut Vec<Difference>,
    what: &'static str,
    first: &[T],
    second: &[T],
    name: impl Fn(&T) -> &String,
) {
    let [ours, theirs] = [first, second].map(|all| {
        all.iter()
            .map(|one| (name(one), one))
            .collect::<BTreeMap<_, _>>()
    });
    for name in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (a, b) = (ours.get(*name), theirs.get(*name));
        if a != b {
            let words = |one: Option<&&T>| one.map_or_else(|| "none".into(), |_| "other".into());
            let [first, second] = [a, b].map(words);
            found.push(Difference {
                what,
                name: (*name).clone(),
                first,
                second,
                line: None,
            });
        }
    }
}

/// The first byte of a segment that differs, or its size.
fn in_segment(
    first: &Image,
    segment: &Segment,
    second: &Image,
    other: Option<&Segment>,
) -> Option<Difference> {
    let name = format!("{:?}", segment.kind).to_lowercase();
    let Some(other) = other else {
        let (first, second) = (bytes(segment.memory_len), "none".into());
        return Some(Difference {
            what: "segment",
            name,
            first,
            second,
            line: None,
        });
    };
    let common = segment.bytes.iter().zip(&other.bytes);
    let at = common.take_while(|(a, b)| a == b).count();
    if at == segment.bytes.len() && at == other.bytes.len() {
        let same = segment.memory_len == other.memory_len && segment.address == other.address;
        return (!same).then(|| Difference {
            what: "segment",
            name,
            first: bytes(segment.memory_len),
            second: bytes(other.memory_len),
            line: None,
        });
    }
    let address = segment.address + at as u64;
    let Some(function) = first.function(address) else {
        let place = |image: &Image| {
            let function = image
                .function(address)
                .map(|function| format!(" in `{}`", function.name));
            format!("{address:#x}{}", function.unwrap_or_default())
        };
        let (first, second) = (place(first), place(second));
        return Some(Difference {
            what: "segment",
            name,
            first,
            second,
            line: None,
        });
    };
    let there = second.function(address);
    let size = |size: u64, name: &str| format!("`{name}`, {}", bytes(size));
    Some(Difference {
        what: "function",
        name: function.name.clone(),
        first: size(function.size, &function.name),
        second: there.map_or_else(|| "none".into(), |other| size(other.size, &other.name)),
        line: line(first, address),
    })
}

/// The line of the package's own source that an instruction, or else its function, is from.
fn line(image: &Image, address: u64) -> Option<Frame> {
    let own = |address| {
        image
            .source_map
            .locate(address)
            .into_iter()
            .find(Frame::is_own)
    };
    own(address).or_else(|| own(image.function(address)?.address))
}

fn bytes(count: u64) -> String {
    format!("{count} bytes")
}
