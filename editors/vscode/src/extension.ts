// SPDX-License-Identifier: Apache-2.0 OR MIT
/** Starts the server for the first file that may be Rex, and nothing for any other Rust. */

import { readFile } from "node:fs/promises";
import * as vscode from "vscode";

import { mayBeRex } from "./relevance";
import { Session } from "./session";
import { programSettings, type Manifest } from "./settings";

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Rex", { log: true });
  const programs = programSettings(context.extension.packageJSON as Manifest);
  const current = new Session(output, context.extensionPath, programs);
  session = current;
  context.subscriptions.push(
    output,
    current,
    vscode.commands.registerCommand("rex.client.restart", () => current.restart()),
    vscode.commands.registerCommand("rex.client.showLog", () => {
      output.show();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => current.trustGranted()),
    vscode.workspace.onDidOpenTextDocument((document) => startFor(document, current)),
    vscode.extensions.onDidChange(() => current.settingsChanged()),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      const chosen = ["interpreter", ...programs];
      if (current.wanted && chosen.some((key) => change.affectsConfiguration(`rex.${key}`))) {
        await current.restart();
      } else if (change.affectsConfiguration("rex")) {
        await current.settingsChanged();
      }
    }),
  );
  await Promise.all(vscode.workspace.textDocuments.map((document) => startFor(document, current)));
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}

async function startFor(document: vscode.TextDocument, current: Session): Promise<void> {
  if (document.languageId !== "rust" || document.uri.scheme !== "file" || current.wanted) {
    return;
  }
  if (await mayBeRex(document.uri.fsPath, document.getText(), readText)) {
    await current.start();
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
