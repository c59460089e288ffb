// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt pack`: makes a container of a linked extension.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use rex_image::{Frame, PackError, PackOptions};
use serde_json::{Value, json};

use crate::audit::{finding, frame};
use crate::{FINDINGS, USAGE, usage};

struct Wanted<'a> {
    elf: &'a str,
    image: &'a str,
    options: PackOptions,
    as_json: bool,
}

/// Packs as the arguments say.
pub fn run(arguments: &[&str]) -> ExitCode {
    let wanted = match parse(arguments) {
        Ok(wanted) => wanted,
        Err(message) => return usage(&message),
    };
    match pack(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Input(error)) => {
            if wanted.as_json {
                println!("{}", findings(&error));
            }
            eprintln!("rexrt: {} cannot be packed: {error}", wanted.elf);
            ExitCode::from(FINDINGS)
        }
        Err(Failed::Files(message)) => {
            eprintln!("rexrt: {message}");
            ExitCode::from(USAGE)
        }
    }
}

enum Failed {
    /// The ELF cannot become an image.
    Input(PackError),
    /// A file cannot be read or written.
    Files(String),
}

fn pack(wanted: &Wanted<'_>) -> Result<(), Failed> {
    let elf = fs::read(wanted.elf)
        .map_err(|error| Failed::Files(format!("{} cannot be read: {error}", wanted.elf)))?;
    let image = rex_image::pack(&elf, &wanted.options).map_err(Failed::Input)?;
    write_whole(Path::new(wanted.image), &image.to_bytes())
        .map_err(|error| Failed::Files(format!("{} cannot be written: {error}", wanted.image)))
}

/// What the audit gate refuses, as `rexrt audit --format json` says it, and in the same form
/// what the packer itself can lay at a function or a map; nothing for other errors.
fn findings(error: &PackError) -> Value {
    let one = |cause: &str, function: &str, map: &str, line: Option<&Frame>| {
        json!({
            "cause": cause, "message": error.to_string(), "address": 0, "function": function,
            "map": map, "instruction": "", "frames": [], "line": line.map(frame), "path": [],
        })
    };
    let found: Vec<Value> = match error {
        PackError::Audit(errors) => errors.iter().map(finding).collect(),
        PackError::LargeFrame { function, line, .. } => {
            vec![one("large_frame", function, "", line.as_ref())]
        }
        PackError::Map { name, .. } => vec![one("map", "", name, None)],
        PackError::SameName { what: "map", name } => vec![one("same_map", "", name, None)],
        _ => Vec::new(),
    };
    json!({ "schema": 1, "message": error.to_string(), "findings": found })
}

/// Writes the file so that it is there as a whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let scratch = path.with_file_name(name);
    let written = fs::write(&scratch, bytes).and_then(|()| fs::rename(&scratch, path));
    if written.is_err() {
        // What is left of it goes; if that fails too, the first error matters more.
        let _ = fs::remove_file(&scratch);
    }
    written
}

fn parse<'a>(arguments: &[&'a str]) -> Result<Wanted<'a>, String> {
    let (mut elf, mut image) = (None, None);
    let mut options = PackOptions::default();
    let mut licence = None;
    let mut as_json = false;
    let mut rest = arguments.iter();
    while let Some(&argument) = rest.next() {
        let mut value = || {
            rest.next()
                .copied()
                .ok_or_else(|| format!("{argument} takes a value"))
        };
        match argument {
            "-o" => image = Some(value()?),
            "--record" => insert(&mut options.record, pair(value()?)?),
            "--format" => match value()? {
                "json" => as_json = true,
                "human" => as_json = false,
                other => return Err(format!("--format is human or json, not `{other}`")),
            },
            "--licence" => licence = Some(value()?.to_owned()),
            "--prefix" => {
                let (from, to) = pair(value()?)?;
                options.path_prefixes.push((from.into(), to.into()));
            }
            "--on-stop" => {
                let (program, verdict) = pair(value()?)?;
                let number = verdict
                    .parse()
                    .map_err(|_| format!("the verdict of `{program}` must be a number"))?;
                options.on_stop.insert(program.to_owned(), number);
            }
            _ if argument.starts_with('-') => return Err(format!("there is no option {argument}")),
            _ if elf.is_none() => elf = Some(argument),
            _ => return Err(format!("one ELF is packed at a time, not `{argument}` too")),
        }
    }
    let named = options.record.get("licence").cloned();
    options.licence = licence.or(named).unwrap_or_default();
    Ok(Wanted {
        elf: elf.ok_or("the ELF to pack is missing")?,
        image: image.ok_or("the container to write (-o NAME.rex) is missing")?,
        options,
        as_json,
    })
}

fn insert(map: &mut BTreeMap<String, String>, (key, value): (&str, &str)) {
    map.insert(key.to_owned(), value.to_owned());
}

fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once('=')
        .ok_or_else(|| format!("expected KEY=VALUE, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_in_any_order() {
        let arguments = [
            "--record",
            "a=b=c",
            "x.elf",
            "-o",
            "x.rex",
            "--record",
            "licence=MIT",
            "--on-stop",
            "p=1",
        ];
        let wanted = parse(&arguments).unwrap();
        assert_eq!((wanted.elf, wanted.image), ("x.elf", "x.rex"));
        assert_eq!(wanted.options.record["a"], "b=c");
        assert_eq!(wanted.options.licence, "MIT");
        assert_eq!(wanted.options.on_stop["p"], 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (arguments, wanted) in [
            (&["-o", "x"][..], "ELF"),
            (&["x.elf"], "-o NAME.rex"),
            (&["x.elf", "-o"], "-o takes a value"),
            (&["x.elf", "-o", "x", "--record", "a"], "KEY=VALUE"),
            (&["x.elf", "-o", "x", "--what"], "--what"),
        ] {
            let error = parse(arguments).err().unwrap();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
