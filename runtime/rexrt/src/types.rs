// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt types`: the types of maps as JSON, from the ELF beside an image.

use std::path::Path;
use std::process::ExitCode;

use rex_image::{Shape, TypeTree};
use serde_json::{Map, Value, json};

use crate::FINDINGS;

/// Prints the types of the maps of an ELF.
pub fn run(path: &Path) -> ExitCode {
    let read = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"));
    let types = read.and_then(|bytes| {
        rex_image::map_types(&bytes).map_err(|error| format!("has no maps to show: {error}"))
    });
    match types {
        Ok(maps) => {
            let maps: Vec<Value> = (maps.iter())
                .map(|map| {
                    json!({
                        "name": map.name, "key": to_json(&map.key), "value": to_json(&map.value),
                    })
                })
                .collect();
            println!("{}", json!({ "version": 1, "maps": maps }));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("rexrt: {} {problem}", path.display());
            ExitCode::from(FINDINGS)
        }
    }
}

fn to_json(tree: &TypeTree) -> Value {
    let mut value = json!({ "name": tree.name, "size": tree.size });
    match &tree.shape {
        Shape::Integer { signed } => {
            value["kind"] = "integer".into();
            value["signed"] = (*signed).into();
        }
        Shape::Enum(variants) => {
            value["kind"] = "enum".into();
            let variants = variants.iter();
            value["variants"] = variants
                .map(|(name, number)| (name.clone(), Value::from(*number)))
                .collect::<Map<_, _>>()
                .into();
        }
        Shape::Array { count, element } => {
            value["kind"] = "array".into();
            value["count"] = (*count).into();
            value["element"] = to_json(element);
        }
        Shape::Struct(fields) => {
            value["kind"] = "struct".into();
            value["fields"] = (fields.iter())
                .map(|(name, offset, kind)| {
                    json!({ "name": name, "offset": offset, "type": to_json(kind) })
                })
                .collect();
        }
        Shape::Bytes => value["kind"] = "bytes".into(),
    }
    value
}
