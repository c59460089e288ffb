// SPDX-License-Identifier: GPL-2.0-only
//! Writing maps from outside.

mod harness;

use harness::{Client, extension, syscalls};
use serde_json::{Value, json};

/// Parameters of `map_update`.
fn update(object: u64, name: &str, key: &str, value: Value) -> Value {
    json!({ "object": object, "name": name, "key": key, "value": value })
}

#[test]
fn a_program_finds_what_was_written() {
    let mut client = Client::stdio();
    let object = client.load(&extension("written"), &json!({}));
    client.call("attach", json!({ "object": object }));
    let entry = "05 00 0700 0000 0000 0900000000000000".replace(' ', "");
    let each: Vec<_> = (0..8).map(|cpu| format!("0{cpu}000000")).collect();
    for (name, key, value) in [
        ("errors", "2a000000", json!("f4ffffffffffffff")),
        ("entries", "01000000", json!(entry)),
        ("counts", "00000000", json!("63000000")),
        ("queue", "", json!("0D000000")),
    ] {
        assert_eq!(
            client.call("map_update", update(object, name, key, value)),
            json!({})
        );
    }
    let argv = syscalls(&[libc::SYS_getpgrp]);
    client.run(object, &json!({ "kind": "command", "argv": argv }));
    assert_eq!(
        client.events("trace")[0]["message"],
        "[written::reads] Some(18446744073709551604) 5 [On, Off] 9 Some(99) Some(13)"
    );
    client.call(
        "map_update",
        update(object, "counts", "00000000", json!(each)),
    );
    let read = json!({ "object": object, "name": "counts" });
    let values = client.call("map", read)["entries"][0]["value"].clone();
    let padded: Vec<_> = each
        .iter()
        .map(|value| format!("{value}00000000"))
        .collect();
    assert_eq!(values, padded.concat());
    let key = json!({ "object": object, "name": "errors", "key": "2a000000" });
    client.call("map_delete", key.clone());
    let gone = client.refused("map_delete", key);
    assert_eq!(
        (&gone["code"], &gone["data"]["kind"]),
        (&json!(1011), &json!("map_refused"))
    );
    assert!(client.close().success());
}

#[test]
fn what_is_no_value_of_the_types_is_refused() {
    let mut client = Client::stdio();
    let object = client.load(&extension("written"), &json!({}));
    let enum_of_three = "05 00 0700 0300 0000 0900000000000000".replace(' ', "");
    for (name, key, value, said) in [
        (
            "entries",
            "01000000",
            json!(enum_of_three),
            "enum at byte 4",
        ),
        ("entries", "01000000", json!("05"), "1 bytes, expected 16"),
        (
            "errors",
            "0100",
            json!("0000000000000000"),
            "2 bytes, expected 4",
        ),
        (
            "errors",
            "0100000",
            json!("0000000000000000"),
            "hexadecimal",
        ),
        (
            "errors",
            "zz000000",
            json!("0000000000000000"),
            "hexadecimal",
        ),
        (
            "errors",
            "é0000000",
            json!("0000000000000000"),
            "hexadecimal",
        ),
        (
            "counts",
            "00000000",
            json!(vec!["00000000"; 3]),
            "expected 1 or 8",
        ),
        ("counts", "00000000", json!([]), "expected 1 or 8"),
    ] {
        let error = client.refused("map_update", update(object, name, key, value));
        assert_eq!(
            (&error["code"], &error["data"]["kind"]),
            (&json!(1010), &json!("invalid_value")),
            "{error}"
        );
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
    }
    let value = json!("0000000000000000");
    for (name, key, value, flags, errno) in [
        ("errors", "01000000", &value, 2, 2),
        ("errors", "01000000", &value, 3, 22),
        ("entries", "02000000", &json!("00".repeat(16)), 0, 7),
        ("entries", "01000000", &json!("00".repeat(16)), 1, 17),
        ("ring", "", &json!(""), 0, 524),
    ] {
        let mut params = update(object, name, key, value.clone());
        params["flags"] = flags.into();
        let error = client.refused("map_update", params);
        assert_eq!(error["code"], 1011, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("(errno {errno})")), "{message}");
    }
    let missing = client.refused("map_update", update(object, "none", "", json!("")));
    assert_eq!(missing["code"], 1003);
    let nowhere = client.refused(
        "map_delete",
        json!({ "object": 99, "name": "a", "key": "" }),
    );
    assert_eq!(nowhere["code"], 1003);
    for params in [
        json!({ "object": object, "name": "errors", "key": 7, "value": "00" }),
        json!({ "object": object, "name": "errors", "key": "00000000" }),
        json!({ "name": "errors" }),
    ] {
        assert_eq!(client.refused("map_update", params)["code"], -32602);
    }
    let read = json!({ "object": object, "name": "errors" });
    assert_eq!(client.call("map", read)["entries"], json!([]));
    assert!(client.close().success());
}
