// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt inspect`: shows what a container holds.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use rex_image::{FixupTarget, Image, Location};
use rex_sim::worker;
use serde_json::{Value, json};

use crate::analysis::Report;
use crate::cms::hex;
use crate::{FINDINGS, usage};

/// The file that the arguments name, and whether they ask for JSON.
pub fn file_and_format<'a>(arguments: &[&'a str]) -> Option<(&'a str, bool)> {
    match arguments {
        [path] | [path, "--format", "human"] | ["--format", "human", path] => Some((path, false)),
        [path, "--format", "json"] | ["--format", "json", path] => Some((path, true)),
        _ => None,
    }
}

/// Shows the container that the arguments name.
pub fn run(arguments: &[&str]) -> ExitCode {
    let analysis = arguments.contains(&"--analysis");
    let rest: Vec<&str> = (arguments.iter().copied())
        .filter(|argument| *argument != "--analysis")
        .collect();
    let Some((path, as_json)) = file_and_format(&rest) else {
        return usage("inspect takes a container, --analysis and --format human|json");
    };
    match worker::read_image(Path::new(path)) {
        Ok(image) if analysis => return show_analysis(&image, as_json),
        Ok(image) if as_json => println!("{}", to_json(&image)),
        Ok(image) => print!("{}", to_text(&image)),
        Err(failure) => {
            eprintln!("rexrt: {failure}");
            return ExitCode::from(FINDINGS);
        }
    }
    ExitCode::SUCCESS
}

fn show_analysis(image: &Image, as_json: bool) -> ExitCode {
    match rex_image::analyse(image) {
        Ok(analysis) => {
            let report = Report {
                image,
                analysis: &analysis,
            };
            if as_json {
                println!("{}", report.to_json());
            } else {
                print!("{}", report.to_text());
            }
            ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in errors {
                eprintln!("rexrt: {error}");
            }
            ExitCode::from(FINDINGS)
        }
    }
}

fn to_json(image: &Image) -> Value {
    let location = |location: &Option<Location>| match location {
        Some(place) => json!({ "file": place.file, "line": place.line, "column": place.column }),
        None => Value::Null,
    };
    let programs: Vec<Value> = (image.programs.iter())
        .map(|program| {
            let fields: Vec<Value> = (program.layout.fields.iter())
                .map(|field| {
                    json!({
                        "name": field.name, "offset": field.offset, "size": field.size,
                        "signed": field.signed, "data_loc": field.data_loc,
                    })
                })
                .collect();
            json!({
                "name": program.name,
                "type": program.kind.name(),
                "attach": program.attach,
                "entry": program.entry,
                "default_verdict": program.default_verdict,
                "layout": {
                    "name": program.layout.name, "size": program.layout.size, "fields": fields,
                },
                "source": location(&program.source),
            })
        })
        .collect();
    let maps: Vec<Value> = (image.maps.iter())
        .map(|map| {
            json!({
                "name": map.name, "type": map.kind, "key_size": map.key_size,
                "value_size": map.value_size, "max_entries": map.max_entries, "flags": map.flags,
            })
        })
        .collect();
    let functions: Vec<Value> = (image.functions.iter())
        .map(|function| {
            json!({
                "name": function.name, "address": function.address, "size": function.size,
                "frame": function.frame, "checked": function.checked,
                "chain_after": function.chain_after, "address_taken": function.address_taken,
            })
        })
        .collect();
    let segments: Vec<Value> = (image.segments.iter())
        .map(|segment| {
            json!({
                "kind": format!("{:?}", segment.kind).to_lowercase(),
                "address": segment.address,
                "memory": segment.memory_len,
                "bytes": segment.bytes.len(),
            })
        })
        .collect();
    json!({
        "digest": digest(image),
        "licence": image.licence,
        "signed": !image.signature.is_empty(),
        "record": image.record.entries,
        "programs": programs,
        "maps": maps,
        "imports": image.imports,
        "segments": segments,
        "functions": functions,
        "fixups": image.fixups.len(),
        "patch_sites": image.patch_sites.len(),
    })
}

fn to_text(image: &Image) -> String {
    let mut text = format!("digest    {}\nlicence   {}\n", digest(image), image.licence);
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{words}");
    };
    for (key, value) in &image.record.entries {
        line(format_args!(
            "record    {key} = {}",
            value.lines().next().unwrap_or("")
        ));
    }
    for program in &image.programs {
        let at = if program.attach.is_empty() {
            "(chosen at attach)"
        } else {
            &program.attach
        };
        line(format_args!(
            "program   {} {} {at}",
            program.name,
            program.kind.name()
        ));
    }
    for map in &image.maps {
        line(format_args!(
            "map       {} type {} key {} value {} entries {}",
            map.name, map.kind, map.key_size, map.value_size, map.max_entries
        ));
    }
    for segment in &image.segments {
        line(format_args!(
            "segment   {:?} {:#x} {} bytes",
            segment.kind, segment.address, segment.memory_len
        ));
    }
    let to_imports = image
        .fixups
        .iter()
        .filter(|fixup| matches!(fixup.target, FixupTarget::Import(_)))
        .count();
    line(format_args!("imports   {}", image.imports.join(" ")));
    line(format_args!(
        "fix-ups   {} ({to_imports} to imports), patch sites {}",
        image.fixups.len(),
        image.patch_sites.len()
    ));
    let deepest = image
        .functions
        .iter()
        .map(|function| function.frame)
        .max()
        .unwrap_or(0);
    line(format_args!(
        "functions {}, largest frame {deepest} bytes",
        image.functions.len()
    ));
    text
}

pub fn digest(image: &Image) -> String {
    hex(&image.digest)
}
