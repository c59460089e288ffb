// SPDX-License-Identifier: Apache-2.0 OR MIT
// Answers that are a list of places: the deepest path of a program, the panics that are left.

import * as vscode from "vscode";

interface Place {
  uri: string;
  range: { start: Point; end: Point };
  text: string;
}

interface Point {
  line: number;
  character: number;
}

interface Listed extends vscode.QuickPickItem {
  place: Place;
}

/** Shows the places of an answer as a list to choose from, and goes to the one chosen. */
export async function showLocations(answer: unknown): Promise<void> {
  const { title = "", locations } = (answer ?? {}) as { title?: string; locations?: Place[] };
  if (locations === undefined) {
    return;
  }
  const items = locations.map((place): Listed => {
    const uri = vscode.Uri.parse(place.uri);
    const line = place.range.start.line + 1;
    return {
      label: place.text,
      description: `${vscode.workspace.asRelativePath(uri)}:${line}`,
      place,
    };
  });
  const chosen = await vscode.window.showQuickPick(items, { title });
  if (chosen !== undefined) {
    const { start, end } = chosen.place.range;
    await vscode.window.showTextDocument(vscode.Uri.parse(chosen.place.uri), {
      selection: new vscode.Range(start.line, start.character, end.line, end.character),
    });
  }
}
