// SPDX-License-Identifier: GPL-2.0-only
//! The protocol over `rexrt stdio`: every request is answered once, whatever is sent.

mod harness;

use std::fs;

use harness::{Client, Scratch, extension};
use serde_json::{Value, json};

#[test]
fn the_first_request_must_be_hello() {
    let mut client = Client::silent();
    assert_eq!(client.refused("list", json!({}))["code"], -32600);
    let error = client.refused("hello", json!({ "protocol": 2, "version": "9" }));
    assert_eq!(
        (&error["code"], &error["data"]["kind"]),
        (&json!(1001), &json!("version_skew"))
    );
    assert!(error["data"]["repair"].as_str().unwrap().contains("rexrt"));
    let hello = client.call(
        "hello",
        json!({ "client": "test", "version": "0", "protocol": 1 }),
    );
    assert_eq!(hello["protocol"], 1);
    assert_eq!(hello["targets"][0]["name"], "sim");
    assert_eq!(hello["targets"][0]["available"], true);
    assert!(hello["targets"][0]["limits"].as_array().unwrap().len() > 3);
    assert!(client.close().success());
}

#[test]
fn nonsense_is_answered_and_the_connection_stays() {
    let mut client = Client::stdio();
    for (line, code) in [
        (&b"{\n"[..], -32700),
        (b"\xff\xfe\n", -32700),
        (b"[]\n", -32600),
        (b"7\n", -32600),
        (b"{\"id\":{},\"method\":\"list\"}\n", -32600),
        (b"{\"method\":7}\n", -32600),
    ] {
        client.write(line);
        let answer = client.answer(&Value::Null);
        assert_eq!(
            answer["error"]["code"],
            code,
            "{}",
            String::from_utf8_lossy(line)
        );
    }
    client.write(b"\n\n{\"jsonrpc\":\"2.0\",\"method\":\"whatever\"}\n");
    assert_eq!(client.refused("nonsense", json!({}))["code"], -32601);
    assert_eq!(client.refused("load", json!({}))["code"], -32602);
    assert_eq!(
        client.refused("load", json!({ "image": "relative.rex" }))["code"],
        -32602
    );
    assert_eq!(client.refused("stop", json!([]))["code"], -32602);
    assert_eq!(client.call("list", json!({}))["objects"], json!([]));
    assert!(client.close().success());
}

#[test]
fn a_message_that_is_too_long_is_refused_and_the_next_is_read() {
    let mut client = Client::stdio();
    client.write(&vec![b' '; 17 << 20]);
    client.write(b"x\n");
    assert_eq!(client.answer(&Value::Null)["error"]["code"], -32600);
    client.call("list", json!({}));
}

#[test]
fn answers_come_in_order_and_waiting_requests_can_be_cancelled() {
    let mut client = Client::stdio();
    let image = extension("hooks");
    let load = client.post("load", json!({ "image": image }));
    let list = client.post("list", json!({}));
    let cancelled = client.call("cancel", json!({ "id": list }));
    assert!(client.answer(&load)["error"].is_null());
    let answer = client.answer(&list);
    // Whether it still waited is a race; both outcomes are answered exactly once.
    let expected = if cancelled["cancelled"] == true {
        json!(-32800)
    } else {
        Value::Null
    };
    assert_eq!(answer["error"]["code"], expected);
    assert_eq!(
        client.call("cancel", json!({ "id": 4711 }))["cancelled"],
        false
    );
}

#[test]
fn corrupt_images_are_refused_and_leave_nothing_behind() {
    let scratch = Scratch::new();
    let good = fs::read(extension("hooks")).unwrap();
    let mut client = Client::stdio();
    let mut files = vec![
        scratch.write("empty.rex", ""),
        scratch.write("text.rex", "not an image"),
        scratch.path().join("missing.rex"),
        scratch.write("cut.rex", &good[..good.len() / 2]),
    ];
    for at in [9, 40, good.len() / 3, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        files.push(scratch.write(&format!("flip{at}.rex"), bytes));
    }
    for path in files {
        let error = client.refused("load", json!({ "image": path }));
        assert_eq!(
            (&error["code"], &error["data"]["kind"]),
            (&json!(1002), &json!("bad_image"))
        );
        assert_eq!(error["data"]["path"], json!(path));
    }
    assert_eq!(client.call("list", json!({}))["objects"], json!([]));
    let error = client.refused("load", json!({ "image": "/x.rex", "target": "moon" }));
    assert_eq!(error["code"], 1008);
}

#[test]
fn objects_links_and_sources_that_are_not_there() {
    let mut client = Client::stdio();
    for (method, params) in [
        ("attach", json!({ "object": 99 })),
        ("unload", json!({ "object": 99 })),
        (
            "source",
            json!({ "object": 99, "source": { "kind": "timer", "hz": 1, "count": 1 } }),
        ),
        ("map", json!({ "object": 99, "name": "M" })),
        ("detach", json!({ "link": 99 })),
        ("stop", json!({ "source": 99 })),
        ("subscribe", json!({ "object": 99 })),
    ] {
        assert_eq!(client.refused(method, params)["code"], 1003, "{method}");
    }
    let object = client.load(&extension("hooks"), &Value::Null);
    let error = client.refused("attach", json!({ "object": object, "program": "nobody" }));
    assert!(
        error["message"].as_str().unwrap().contains("`enters`"),
        "{error}"
    );
    let error = client.refused("map", json!({ "object": object, "name": "nothing" }));
    assert!(
        error["message"].as_str().unwrap().contains("`DESCRIPTORS`"),
        "{error}"
    );
    let source = json!({ "kind": "moon" });
    assert_eq!(
        client.refused("source", json!({ "object": object, "source": source }))["code"],
        -32602
    );
}

#[test]
fn attaching_detaching_and_listing() {
    let mut client = Client::stdio();
    let image = extension("hooks");
    let loaded = client.call(
        "load",
        json!({ "image": image, "label": "mine", "dir": "/somewhere" }),
    );
    assert_eq!(loaded["name"], "mine");
    assert_eq!(loaded["digest"].as_str().unwrap().len(), 64);
    assert_eq!(loaded["maps"][0]["type"], "hash");
    let object = &loaded["object"];
    let links = client.call("attach", json!({ "object": object }))["links"].clone();
    let links = links.as_array().unwrap();
    assert_eq!(links.len(), loaded["programs"].as_array().unwrap().len());
    assert!(
        links
            .iter()
            .all(|link| link["state"] == "armed" && link["object"] == *object)
    );
    assert_eq!(
        client.refused("attach", json!({ "object": object, "program": "enters" }))["code"],
        1009
    );
    client.call("detach", json!({ "link": links[0]["link"] }));
    assert_eq!(
        client.refused("detach", json!({ "link": links[0]["link"] }))["code"],
        1003
    );
    let list = client.call("list", json!({}))["objects"][0].clone();
    assert_eq!(
        (&list["dir"], &list["state"], &list["persistent"]),
        (&json!("/somewhere"), &json!("live"), &json!(false))
    );
    let state = |index: usize| list["programs"][index]["state"].clone();
    assert_eq!((state(0), state(1)), (json!("loaded"), json!("armed")));
    client.call("unload", json!({ "object": object }));
    assert_eq!(
        client.refused("unload", json!({ "object": object }))["code"],
        1003
    );
}

#[test]
fn the_two_file_verbs_name_what_is_wrong() {
    let scratch = Scratch::new();
    let text = scratch.write("x.elf", "no ELF");
    let run = |arguments: &[&str]| {
        let output = harness::client::rexrt().args(arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let out = scratch.path().join("x.rex");
    let (status, error) = run(&["pack", text.to_str().unwrap(), "-o", out.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{error}");
    assert!(error.contains("x.elf") && !out.exists(), "{error}");
    assert_eq!(run(&["pack", "/missing.elf", "-o", "/x"]).0, Some(2));
    assert_eq!(run(&["inspect", text.to_str().unwrap()]).0, Some(1));
    assert_eq!(run(&["frobnicate"]).0, Some(2));
    let image = extension("hooks");
    let output = harness::client::rexrt()
        .args(["inspect", "--format", "json", image.to_str().unwrap()])
        .output()
        .unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let programs = shown["programs"].as_array().unwrap();
    let enters = programs.iter().find(|program| program["name"] == "enters");
    assert_eq!(enters.unwrap()["attach"], "syscalls/sys_enter_dup");
    assert_eq!(shown["licence"], "GPL-2.0-only");
}
