// SPDX-License-Identifier: GPL-2.0-only
//! Records of any tracepoint, from values by field name.

use rex_abi::contexts::{Field, Kind, Layout};
use serde_json::{Map, Value};

use super::Context;
use super::syscall_hooks::Hooks;
use crate::hooks::Hook;
use crate::invocation::Environment;
use crate::near::near;
use crate::task::Task;

/// A record with its data of variable length behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// In words, for their alignment.
    words: Vec<u64>,
    len: u32,
}

/// Makes a record; fields that are not given are zero or empty.
///
/// A number is given as a number, an array as one of numbers or, if its elements are bytes,
/// as a string.
pub fn record(layout: &Layout, values: &Map<String, Value>, pid: i32) -> Result<Record, String> {
    let mut bytes = vec![0; layout.size as usize];
    bytes[4..8].copy_from_slice(&pid.to_le_bytes());
    for name in values.keys() {
        if !layout.fields().any(|field| field.name == name) {
            let near = near(name, layout.fields().map(|field| field.name.to_owned()));
            let hint = near
                .first()
                .map_or(String::new(), |near| format!("; did you mean `{near}`"));
            return Err(format!(
                "names the field `{name}`, which `{}` does not have{hint}",
                layout.name
            ));
        }
    }
    for field in layout.fields() {
        let at = field.offset as usize..(field.offset + field.size) as usize;
        let value = values.get(field.name);
        if field.kind == Kind::Number {
            if let Some(value) = value {
                let encoded = numbers(&field, value).ok_or_else(|| misfit(&field, value))?;
                bytes[at][..encoded.len()].copy_from_slice(&encoded);
            }
            continue;
        }
        let data = match value {
            Some(value) => data(&field, value).ok_or_else(|| misfit(&field, value))?,
            None if field.kind == Kind::Text => vec![0],
            None => Vec::new(),
        };
        let too_long = || {
            format!(
                "has more than 65535 bytes in front of the end of `{}`",
                field.name
            )
        };
        let offset = u16::try_from(bytes.len()).map_err(|_| too_long())?;
        let length = u16::try_from(data.len()).map_err(|_| too_long())?;
        let descriptor = u32::from(length) << 16 | u32::from(offset);
        bytes[at].copy_from_slice(&descriptor.to_le_bytes());
        bytes.extend(data);
    }
    let len = bytes.len() as u32;
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let word = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().unwrap_or_default());
    Ok(Record {
        words: bytes.chunks_exact(8).map(word).collect(),
        len,
    })
}

fn misfit(field: &Field, value: &Value) -> String {
    let count = field.size / field.element;
    let wanted = match field.kind {
        Kind::Text => "a string".to_owned(),
        Kind::Data => "a string or an array of bytes".to_owned(),
        Kind::Number if count > 1 && field.element == 1 => {
            format!("a string of less than {count} bytes, or an array of {count} numbers at most")
        }
        Kind::Number if count > 1 => format!("an array of {count} numbers at most"),
        Kind::Number => format!("a number of {} bytes", field.size),
    };
    format!(
        "has the value {value} for `{}`, which takes {wanted}",
        field.name
    )
}

fn number(field: &Field, value: &Value) -> Option<Vec<u8>> {
    let bits = 8 * field.element;
    let value = match value.as_i64() {
        Some(value) => i128::from(value),
        None => i128::from(value.as_u64()?),
    };
    // Both ways to write the same bits are taken: kernels are not strict about signs.
    let fits = value >= -(1 << (bits - 1)) && value < 1 << bits;
    fits.then(|| value.to_le_bytes()[..field.element as usize].to_vec())
}

fn numbers(field: &Field, value: &Value) -> Option<Vec<u8>> {
    let count = (field.size / field.element) as usize;
    match value {
        Value::String(text) if field.element == 1 && count > 1 => {
            (text.len() < count).then(|| text.clone().into_bytes())
        }
        Value::Array(values) if count > 1 && values.len() <= count => {
            let encoded: Option<Vec<_>> = values.iter().map(|value| number(field, value)).collect();
            Some(encoded?.concat())
        }
        value if count == 1 => number(field, value),
        _ => None,
    }
}

fn data(field: &Field, value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => {
            let end: &[u8] = if field.kind == Kind::Text { &[0] } else { &[] };
            Some([text.as_bytes(), end].concat())
        }
        Value::Array(bytes) if field.kind == Kind::Data => bytes
            .iter()
            .map(|byte| u8::try_from(byte.as_u64()?).ok())
            .collect(),
        _ => None,
    }
}

/// Runs the programs on a tracepoint.
pub fn run(context: &mut Context, hooks: &Hooks, name: &'static str, task: &Task, record: &Record) {
    for program in hooks.at(Hook::Tracepoint(name)) {
        let mut record = record.clone();
        let environment = Environment {
            task: Some(task),
            record_len: record.len,
            ..Environment::EMPTY
        };
        // SAFETY: the program's layout was compared with this record's when it was attached,
        // and the record outlives the call.
        unsafe {
            context
                .runner
                .run(program, record.words.as_mut_ptr().cast(), &environment)
        };
    }
}

#[cfg(test)]
mod tests {
    use rex_abi::contexts::context;
    use serde_json::json;

    use super::*;

    fn made(name: &str, values: Value) -> Result<Vec<u8>, String> {
        let values = values.as_object().unwrap().clone();
        let record = record(&context(name).unwrap(), &values, 7)?;
        let bytes: Vec<u8> = record
            .words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        Ok(bytes[..record.len as usize].to_vec())
    }

    #[test]
    fn fields_go_where_the_format_file_says() {
        let values =
            json!({ "prev_comm": "sh", "prev_pid": 5, "prev_state": -1, "next_prio": 120 });
        let bytes = made("sched/sched_switch", values).unwrap();
        assert_eq!(bytes.len(), 64);
        assert_eq!(bytes[4..11], [7, 0, 0, 0, b's', b'h', 0]);
        assert_eq!(bytes[24..28], [5, 0, 0, 0]);
        assert_eq!(bytes[32..40], [0xff; 8]);
        assert_eq!(bytes[60..64], [120, 0, 0, 0]);
    }

    #[test]
    fn strings_of_any_length_stand_behind_the_record() {
        let bytes = made(
            "sched/sched_process_exec",
            json!({ "filename": "/bin/ls", "pid": 9 }),
        )
        .unwrap();
        assert_eq!(bytes[8..12], [24, 0, 8, 0]);
        assert_eq!(&bytes[24..], b"/bin/ls\0");
        let bytes = made("sched/sched_process_exec", json!({})).unwrap();
        assert_eq!(
            (&bytes[8..12], &bytes[24..]),
            (&[24, 0, 1, 0][..], &[0][..])
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (values, wanted) in [
            (json!({ "prev_pif": 1 }), "did you mean `prev_pid`"),
            (json!({ "prev_pid": "x" }), "takes a number of 4 bytes"),
            (
                json!({ "prev_pid": 1u64 << 32 }),
                "takes a number of 4 bytes",
            ),
            (
                json!({ "prev_comm": "0123456789abcdef" }),
                "a string of less than 16 bytes",
            ),
        ] {
            let error = made("sched/sched_switch", values).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
        let error = made(
            "sched/sched_process_exec",
            json!({ "filename": "x".repeat(70_000) }),
        );
        assert!(error.unwrap_err().contains("65535"));
    }
}
