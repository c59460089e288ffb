// SPDX-License-Identifier: Apache-2.0 OR MIT
/** The language status item: what the server is doing, beside the language name. */

import * as vscode from "vscode";
import { State, type LanguageClient } from "vscode-languageclient/node";

const RUNNING = "rex.serverRunning";

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.languages.createLanguageStatusItem("rex.server", {
    language: "rust",
  });

  constructor() {
    this.item.name = "Rex";
    this.item.command = { command: "rex.client.showLog", title: "Show Log" };
    this.stopped();
  }

  starting(): void {
    this.show("Rex: starting", vscode.LanguageStatusSeverity.Information, true);
  }

  stopped(): void {
    this.show("Rex: not running", vscode.LanguageStatusSeverity.Information, false);
    setRunning(false);
  }

  failed(reason: string): void {
    this.show("Rex: not running", vscode.LanguageStatusSeverity.Error, false, reason);
    setRunning(false);
  }

  /** Shows the state of a client until another one is followed. */
  follow(client: LanguageClient, version: string): void {
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) {
        const trust = vscode.workspace.isTrusted ? "" : ", restricted until the folder is trusted";
        this.show(
          "Rex",
          vscode.LanguageStatusSeverity.Information,
          false,
          `rex-lsp ${version}${trust}`,
        );
        setRunning(true);
      } else if (newState === State.Starting) {
        this.starting();
      } else {
        this.stopped();
      }
    });
  }

  dispose(): void {
    this.item.dispose();
  }

  private show(
    text: string,
    severity: vscode.LanguageStatusSeverity,
    busy: boolean,
    detail = "",
  ): void {
    this.item.text = text;
    this.item.severity = severity;
    this.item.busy = busy;
    this.item.detail = detail;
  }
}

/** The palette shows the server's commands only while there is a server to carry them out. */
function setRunning(running: boolean): void {
  void vscode.commands.executeCommand("setContext", RUNNING, running);
}
