// SPDX-License-Identifier: Apache-2.0 OR MIT
/** Formats the Lua under the directories named: `node format.mjs [--check] DIR...` */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { argv, exit } from "node:process";

import {
  Config,
  formatCode,
  IndentType,
  OutputVerification,
  QuoteStyle,
} from "@johnnymorganz/stylua";

/** The same as .stylua.toml, which editors read. formatCode takes its configuration away. */
function config() {
  const style = Config.new();
  style.column_width = 100;
  style.indent_type = IndentType.Spaces;
  style.indent_width = 2;
  style.quote_style = QuoteStyle.AutoPreferDouble;
  return style;
}

const check = argv.includes("--check");
const roots = argv.slice(2).filter((word) => word !== "--check");
const files = roots.flatMap((root) =>
  readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith(".lua") && !name.includes("node_modules"))
    .map((name) => path.join(root, name)),
);
let wrong = 0;
for (const file of files) {
  const before = readFileSync(file, "utf8");
  const after = formatCode(before, config(), undefined, OutputVerification.Full);
  if (before !== after) {
    wrong += 1;
    console.log(check ? `${file} is not formatted, \`npm run format\` mends it` : file);
    if (!check) {
      writeFileSync(file, after);
    }
  }
}
console.log(`${files.length} Lua files, ${wrong} ${check ? "not formatted" : "changed"}`);
exit(check && wrong > 0 ? 1 : 0);
