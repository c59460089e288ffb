// SPDX-License-Identifier: Apache-2.0 OR MIT
/** What a server command is told by the palette, and what it answers that a person must hear. */

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

/**
 * What to show of a command's answer: why it did not succeed, unless the person cancelled it or
 * the server has already shown it, as it does where it knows a repair.
 */
export function failure(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null) {
    return undefined;
  }
  const { ok, message, cancelled, repair } = answer as Record<string, unknown>;
  const silent = ok !== false || cancelled === true || repair !== undefined;
  return silent || typeof message !== "string" ? undefined : message;
}
