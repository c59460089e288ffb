// SPDX-License-Identifier: Apache-2.0 OR MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { addTarget, failure } from "../src/commands.ts";
import { programSettings, userSettings, workspaceSettings } from "../src/settings.ts";

const PROGRAMS = ["toolchain.rustc"];

describe("programSettings", () => {
  it("are the ones a workspace cannot set, without the extension's own", () => {
    const properties = {
      "rex.interpreter": { scope: "machine" },
      "rex.toolchain.rustc": { scope: "machine" },
      "rex.rules": { scope: "window" },
      "rex.features": {},
    };
    const manifest = { contributes: { configuration: { properties } } };
    assert.deepEqual(programSettings(manifest), PROGRAMS);
  });
});

describe("workspaceSettings", () => {
  it("leaves out what is not the server's and what names programs", () => {
    const section = {
      interpreter: ["python3"],
      trace: { server: "off", log: true },
      toolchain: { rustc: "/project/rustc" },
      check: { onSave: false },
    };
    assert.deepEqual(workspaceSettings(section, PROGRAMS, false), {
      "trace.log": true,
      "check.onSave": false,
    });
  });

  it("keeps a table of rules whole", () => {
    const section = { rules: { may_panic: "off" } };
    assert.deepEqual(workspaceSettings(section, PROGRAMS, false), section);
  });

  it("says that rust-analyzer is there", () => {
    const section = { rustAnalyzer: { active: false } };
    assert.deepEqual(workspaceSettings(section, PROGRAMS, true), { "rustAnalyzer.active": true });
    assert.deepEqual(workspaceSettings(section, PROGRAMS, false), { "rustAnalyzer.active": false });
    assert.deepEqual(workspaceSettings(undefined, PROGRAMS, false), {});
  });
});

describe("userSettings", () => {
  it("has only programs that are set", () => {
    const values: Record<string, string> = { "toolchain.rustc": "/usr/bin/rustc" };
    assert.deepEqual(
      userSettings([...PROGRAMS, "runtime.rexrt"], (key) => values[key]),
      values,
    );
  });
});

describe("addTarget", () => {
  const place = {
    document: { uri: "file:///a.rs" },
    selection: { active: { line: 3, character: 4 } },
  };

  it("keeps what a lens says", () => {
    assert.deepEqual(addTarget(["x"], place), ["x"]);
  });

  it("names the file and the cursor for the palette", () => {
    assert.deepEqual(addTarget([], place), [
      { uri: "file:///a.rs", position: { line: 3, character: 4 } },
    ]);
    assert.deepEqual(addTarget([], undefined), []);
  });
});

describe("failure", () => {
  it("is the message of a command that did not succeed", () => {
    assert.equal(failure({ ok: false, message: "no event source" }), "no event source");
  });

  it("is nothing where there is nothing new to say", () => {
    assert.equal(failure({ ok: true }), undefined);
    assert.equal(failure({ ok: false, message: "cancelled", cancelled: true }), undefined);
    assert.equal(failure({ ok: false, message: "no cargo", repair: ["rex doctor"] }), undefined);
    assert.equal(failure({ ok: false, stopped: [] }), undefined);
    assert.equal(failure(null), undefined);
  });
});
