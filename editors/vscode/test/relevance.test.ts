// SPDX-License-Identifier: Apache-2.0 OR MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { manifestNamesRex, mayBeRex, sourceUsesRex } from "../src/relevance.ts";

function disk(files: Record<string, string>) {
  return (file: string) => Promise.resolve(files[file]);
}

describe("manifestNamesRex", () => {
  for (const [text, expected] of [
    ['[dependencies]\nrex = { path = "../rex" }', true],
    ['[dependencies]\nkernel = { package = "rex", path = "x" }', true],
    ["[dependencies.rex]", true],
    ["[package.metadata.rex]", true],
    ['[dependencies]\nregex = "1"', false],
    ['[dependencies]\nrex-parser = "1"', false],
    ["# rex would be nice", false],
    ["", false],
  ] as const) {
    it(`${JSON.stringify(text)} is ${String(expected)}`, () => {
      assert.equal(manifestNamesRex(text), expected);
    });
  }
});

describe("sourceUsesRex", () => {
  it("sees attributes and paths", () => {
    assert.ok(sourceUsesRex("#[rex_xdp]\nfn f() {}"));
    assert.ok(sourceUsesRex("use rex::map::RexHashMap;"));
    assert.ok(!sourceUsesRex("use regex::Regex; fn rex() {}"));
  });
});

describe("mayBeRex", () => {
  it("asks every manifest above the file", async () => {
    const read = disk({
      "/w/Cargo.toml": "[workspace.dependencies]\nrex = '1'",
      "/w/a/Cargo.toml": "[package]",
    });
    assert.ok(await mayBeRex("/w/a/src/main.rs", "", read));
    assert.ok(!(await mayBeRex("/v/a/src/main.rs", "", read)));
  });

  it("asks the source only when there is no manifest", async () => {
    const source = "#[rex_kprobe]";
    assert.ok(await mayBeRex("/w/x.rs", source, disk({})));
    assert.ok(!(await mayBeRex("/w/src/x.rs", source, disk({ "/w/Cargo.toml": "[package]" }))));
  });
});
