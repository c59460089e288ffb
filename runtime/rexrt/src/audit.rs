// SPDX-License-Identifier: GPL-2.0-only
//! `rexrt audit`: judges a container's code as every load does.

use std::path::Path;
use std::process::ExitCode;

use rex_image::{AuditError, Cause, Frame, audit};
use rex_sim::worker;
use serde_json::{Value, json};

use crate::inspect::{digest, file_and_format};
use crate::policy::Policy;
use crate::signature::Verdict;
use crate::{FINDINGS, usage};

/// Judges the container that the arguments name.
pub fn run(arguments: &[&str]) -> ExitCode {
    let Some((path, as_json)) = file_and_format(arguments) else {
        return usage("audit takes a container and --format human|json");
    };
    let image = match worker::read_image(Path::new(path)) {
        Ok(image) => image,
        Err(failure) => {
            eprintln!("rexrt: {failure}");
            return ExitCode::from(FINDINGS);
        }
    };
    let found = audit(&image).err().unwrap_or_default();
    let signature = Policy::default().judge(&image);
    if as_json {
        let verdict = if found.is_empty() {
            "passed"
        } else {
            "refused"
        };
        let findings: Vec<Value> = found.iter().map(finding).collect();
        let judged = json!({
            "schema": 1, "digest": digest(&image), "verdict": verdict, "findings": findings,
            "signature": signed(&signature),
        });
        println!("{judged}");
    } else if found.is_empty() {
        println!(
            "{path}: {} functions, nothing refused",
            image.functions.len()
        );
    } else {
        for error in &found {
            println!("{error}");
        }
    }
    ExitCode::from(if found.is_empty() { 0 } else { FINDINGS })
}

/// What a signature is worth, as JSON.
fn signed(verdict: &Verdict) -> Value {
    let (state, signer, reason) = match verdict {
        Verdict::Unsigned => ("unsigned", "", ""),
        Verdict::Trusted(signer) => ("trusted", signer.as_str(), ""),
        Verdict::Refused { signer, reason } => ("refused", signer.as_str(), reason.as_str()),
    };
    json!({ "state": state, "signer": signer, "reason": reason })
}

/// A finding as JSON.
pub fn finding(error: &AuditError) -> Value {
    json!({
        "cause": error.cause.name(),
        "message": error.cause.to_string(),
        "address": error.address,
        "function": error.function,
        "instruction": error.instruction,
        "frames": frames(&error.frames),
        "line": error.own_line().map_or(Value::Null, frame),
        "path": path(&error.cause),
    })
}

/// The functions on the way to the depth that a finding is about.
fn path(cause: &Cause) -> Value {
    let Cause::Budget { path, .. } = cause else {
        return json!([]);
    };
    let steps = path.iter().map(|step| {
        json!({
            "function": step.function,
            "depth": step.depth,
            "line": step.line.as_ref().map(frame),
        })
    });
    steps.collect()
}

/// Source positions as JSON, innermost first.
pub fn frames(frames: &[Frame]) -> Value {
    frames.iter().map(frame).collect()
}

/// A source position as JSON.
pub fn frame(frame: &Frame) -> Value {
    json!({
        "function": frame.function,
        "file": frame.file,
        "line": frame.line,
        "column": frame.column,
    })
}
