// SPDX-License-Identifier: Apache-2.0 OR MIT
/** What a server command is told when a person calls it from the palette, not from a lens. */

/** The part of an editor that says where the person is. */
export interface Place {
  readonly document: { readonly uri: { toString(): string } };
  readonly selection: { readonly active: { readonly line: number; readonly character: number } };
}

/** The arguments as they are, or the file and position of the cursor when there are none. */
export function addTarget(args: readonly unknown[], place: Place | undefined): unknown[] {
  if (args.length > 0 || place === undefined) {
    return [...args];
  }
  const { line, character } = place.selection.active;
  return [{ uri: place.document.uri.toString(), position: { line, character } }];
}
