// SPDX-License-Identifier: GPL-2.0-only
//! JSON-RPC 2.0 with one message a line, as daemon, workers and clients speak it.

use std::io::{self, BufRead, Read};

use serde_json::{Value, json};

use crate::error::Failure;

/// Longest message in bytes.
pub const LONGEST: u64 = 16 << 20;

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A message, not yet parsed.
    Message(Vec<u8>),
    /// A line longer than [`LONGEST`], skipped.
    TooLong,
    /// The other side is gone.
    End,
}

/// Reads the next line that is not empty.
pub fn read(reader: &mut impl BufRead) -> io::Result<Line> {
    loop {
        let mut line = Vec::new();
        reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(Line::End);
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST {
            skip_line(reader)?;
            return Ok(Line::TooLong);
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Line::Message(line));
        }
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let (used, done) = match newline {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

/// A message as a line.
pub fn line(message: &Value) -> Vec<u8> {
    let mut line = message.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// An answer.
pub fn answer(id: &Value, outcome: Result<Value, Value>) -> Value {
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
    }
}

/// A notification.
pub fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// An error object of the protocol itself (JSON-RPC 2.0, section 5.1).
pub fn protocol_error(code: i64, message: impl Into<String>) -> Value {
    json!({ "code": code, "message": message.into(), "data": { "kind": "protocol" } })
}

/// The message is not JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The message is not a request.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are not those of the method.
pub const INVALID_PARAMS: i64 = -32602;
/// The daemon itself failed.
pub const INTERNAL_ERROR: i64 = -32603;

impl From<Failure> for Value {
    fn from(failure: Failure) -> Self {
        let mut data = json!({ "kind": failure.kind });
        if !failure.repair.is_empty() {
            data["repair"] = failure.repair.into();
        }
        if !failure.near.is_empty() {
            data["near"] = failure.near.into();
        }
        if let Some(path) = failure.path {
            data["path"] = path.to_string_lossy().into();
        }
        json!({ "code": failure.kind.code(), "message": failure.message, "data": data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_and_long_ones_are_skipped() {
        let mut text = b"\n{}\n".to_vec();
        text.extend(vec![b'x'; LONGEST as usize + 5]);
        text.extend(b"\n[1]");
        let mut reader = text.as_slice();
        assert_eq!(read(&mut reader).unwrap(), Line::Message(b"{}\n".to_vec()));
        assert_eq!(read(&mut reader).unwrap(), Line::TooLong);
        assert_eq!(read(&mut reader).unwrap(), Line::Message(b"[1]".to_vec()));
        assert_eq!(read(&mut reader).unwrap(), Line::End);
    }
}
