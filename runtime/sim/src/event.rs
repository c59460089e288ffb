// SPDX-License-Identifier: GPL-2.0-only
//! Events: one JSON object each, as `rex run --format json` prints them.

use serde_json::{Map, Value};

use crate::imports::now_ns;

/// Takes events from any thread; it may wait, it must not fail.
pub type Sink = Box<dyn Fn(Value) + Send + Sync>;

/// An event of a program, with the fields of its kind.
pub fn event(kind: &str, program: &str, fields: Value) -> Value {
    let mut object = Map::new();
    object.insert("event".into(), kind.into());
    object.insert("t_ns".into(), now_ns().into());
    object.insert("program".into(), program.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}
