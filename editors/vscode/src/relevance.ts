// SPDX-License-Identifier: Apache-2.0 OR MIT
/** Tells a crate that may hold a Rex extension from any other Rust, without starting anything. */

import * as path from "node:path";

/** Reads a text file, or gives undefined when there is none. */
export type Reader = (file: string) => Promise<string | undefined>;

/** Whether a manifest names rex: as a dependency, a renamed one, or in its metadata. */
export function manifestNamesRex(text: string): boolean {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, ""))
    .some((line) => /(^|[^\w-])rex([^\w-]|$)/.test(line));
}

/** Whether a source uses a Rex attribute or path. */
export function sourceUsesRex(text: string): boolean {
  return /#!?\[\s*(rex::)?rex_\w+|\brex::/.test(text);
}

/**
 * Whether the Rust file may belong to a Rex extension: a manifest in a directory above names rex,
 * or, when there is no manifest at all, the source itself does. The server decides for certain.
 */
export async function mayBeRex(file: string, text: string, read: Reader): Promise<boolean> {
  let manifests = 0;
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    const manifest = await read(path.join(dir, "Cargo.toml"));
    if (manifest !== undefined) {
      manifests += 1;
      if (manifestNamesRex(manifest)) {
        return true;
      }
    }
    if (dir === path.dirname(dir)) {
      break;
    }
  }
  return manifests === 0 && sourceUsesRex(text);
}
