// SPDX-License-Identifier: Apache-2.0 OR MIT
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { describe, it } from "node:test";

import { findInterpreter, serverCommand, type Run } from "../src/interpreter.ts";

/** Answers for each interpreter by name; every other one cannot be started. */
function machine(answers: Record<string, string>) {
  const asked: string[] = [];
  const run = (argv: readonly string[]): Promise<Run> => {
    const name = argv.slice(0, -2).join(" ");
    asked.push(name);
    const stdout = answers[name];
    return Promise.resolve(
      stdout === undefined ? { status: null, stdout: "" } : { status: 0, stdout },
    );
  };
  return { run, asked };
}

describe("findInterpreter", () => {
  it("takes the first that has the package", async () => {
    const { run, asked } = machine({ python3: "absent rex_lsp\n", python: "found 1.2.3\n" });
    const found = await findInterpreter([], run);
    assert.deepEqual(found, { kind: "found", argv: ["python"], version: "1.2.3" });
    assert.deepEqual(asked, ["python3", "python"]);
  });

  it("never looks past the configured one", async () => {
    const { run, asked } = machine({ python3: "found 1.2.3\n" });
    const found = await findInterpreter(["/opt/py"], run);
    assert.equal(found.kind, "missing");
    assert.deepEqual(asked, ["/opt/py"]);
  });

  it("says which interpreter lacks the package, and the command that mends it", async () => {
    const { run } = machine({ python3: "absent rex_lsp\n" });
    const found = await findInterpreter([], run);
    assert.ok(found.kind === "missing");
    assert.equal(found.cause, "no-package");
    assert.match(found.message, /"python3 -m pip install rex-lsp"/);
  });

  it("names a dependency that is absent, not the package", async () => {
    const { run } = machine({ python3: "absent pygls\n" });
    const found = await findInterpreter([], run);
    assert.ok(found.kind === "missing");
    assert.match(found.message, /has rex-lsp but not pygls/);
  });

  it("tells an old Python from none", async () => {
    const old = await findInterpreter([], machine({ python3: "old 3.9.2\n" }).run);
    assert.ok(old.kind === "missing");
    assert.match(old.message, /"python3" is 3\.9\.2/);
    const none = await findInterpreter([], machine({}).run);
    assert.ok(none.kind === "missing");
    assert.equal(none.cause, "no-python");
  });

  it("takes noise for no Python", async () => {
    const found = await findInterpreter(["x"], machine({ x: "Microsoft Store\n" }).run);
    assert.ok(found.kind === "missing");
    assert.equal(found.cause, "no-python");
  });

  it("imports nothing from the directory it runs in", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "rex-vscode-"));
    try {
      await writeFile(path.join(dir, "rex_lsp.py"), "__version__ = 'from the project'\n");
      const found = await findInterpreter(
        ["python3", "-S"],
        (argv) =>
          new Promise((resolve) => {
            const [program = "", ...rest] = argv;
            execFile(program, rest, { cwd: dir }, (error, stdout) => {
              resolve({ status: error ? 1 : 0, stdout });
            });
          }),
      );
      assert.ok(found.kind === "missing");
      assert.equal(found.cause, "no-package");
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe("serverCommand", () => {
  it("runs the package as a module", () => {
    assert.deepEqual(serverCommand(["py", "-3"]), ["py", "-3", "-m", "rex_lsp", "server"]);
  });
});
