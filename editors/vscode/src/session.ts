// SPDX-License-Identifier: Apache-2.0 OR MIT
/** One language server at a time: start, stop, restart, and what it is told about trust. */

import { spawn } from "node:child_process";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";

import { addTarget, failure } from "./commands";
import { showLocations } from "./locations";
import { findInterpreter, serverCommand, type Run } from "./interpreter";
import { userSettings, workspaceSettings } from "./settings";
import { StatusItem } from "./status";

/** A probe that takes longer than this is taken for an interpreter that does not start. */
const PROBE_LIMIT_MS = 20_000;

/** The server is started again after a crash at most this often in three minutes. */
const RESTARTS = 3;
const RESTART_WINDOW_MS = 3 * 60_000;

function rustAnalyzerRuns(): boolean {
  return vscode.extensions.getExtension("rust-lang.rust-analyzer")?.isActive === true;
}

export class Session implements vscode.Disposable {
  /** Whether a server runs, starts, or was asked for and could not be started. */
  wanted = false;
  private client: LanguageClient | undefined;
  private readonly status = new StatusItem();
  private crashes: number[] = [];
  /** Starts and stops wait for each other. */
  private queue: Promise<void> = Promise.resolve();

  /**
   * @param home where the server runs: a directory that no project can write to, because Python
   *   imports modules from the directory in which it was started
   * @param programs the settings that name programs
   */
  constructor(
    private readonly output: vscode.LogOutputChannel,
    private readonly home: string,
    private readonly programs: readonly string[],
  ) {}

  start(): Promise<void> {
    this.wanted = true;
    return this.enqueue(() => this.launch());
  }

  stop(): Promise<void> {
    this.wanted = false;
    return this.enqueue(() => this.halt());
  }

  restart(): Promise<void> {
    this.wanted = true;
    this.crashes = [];
    return this.enqueue(async () => {
      await this.halt();
      await this.launch();
    });
  }

  async trustGranted(): Promise<void> {
    if (this.client?.state === State.Running) {
      await this.client.sendNotification("rex/didChangeTrust", { trusted: true });
    }
  }

  /** Settings changed: the server asks for what it wants to know. */
  async settingsChanged(): Promise<void> {
    if (this.client?.state === State.Running) {
      await this.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    }
  }

  dispose(): void {
    this.status.dispose();
  }

  private enqueue(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(step).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      this.output.error(text);
      this.status.failed(text);
    });
    return this.queue;
  }

  private async launch(): Promise<void> {
    if (this.client !== undefined || !this.wanted) {
      return;
    }
    this.status.starting();
    const configured = vscode.workspace.getConfiguration("rex").get<string[]>("interpreter", []);
    const found = await findInterpreter(configured, (argv) => this.run(argv));
    if (found.kind === "missing") {
      this.status.failed(found.message);
      this.output.error(found.message);
      // Not awaited: the message stays until the person answers it.
      void this.offerHelp(found.message);
      return;
    }
    const command = serverCommand(found.argv);
    this.output.info(`starting ${command.join(" ")} (rex-lsp ${found.version})`);
    const client = new LanguageClient(
      "rex",
      "Rex",
      this.serverOptions(command),
      this.clientOptions(),
    );
    this.client = client;
    this.status.follow(client, found.version);
    await client.start();
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client?.needsStop() === true) {
      await client.stop();
    }
    await client?.dispose();
    this.status.stopped();
  }

  private serverOptions([program = "", ...args]: string[]): ServerOptions {
    const executable = { command: program, args, options: { cwd: this.home } };
    return { run: executable, debug: executable };
  }

  private clientOptions(): LanguageClientOptions {
    return {
      documentSelector: [
        { scheme: "file", language: "rust" },
        { scheme: "file", pattern: "**/Cargo.toml" },
      ],
      initializationOptions: () => ({
        trusted: vscode.workspace.isTrusted,
        settings: userSettings(this.programs, (key) =>
          vscode.workspace.getConfiguration("rex").get(key),
        ),
      }),
      outputChannel: this.output,
      traceOutputChannel: this.output,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => this.closed(),
      },
      initializationFailedHandler: (error: unknown) => {
        this.output.error(`the server did not initialize: ${String(error)}`);
        return false;
      },
      middleware: {
        executeCommand: async (command, args: unknown[], next) => {
          const targeted = addTarget(args, vscode.window.activeTextEditor);
          const answer: unknown = await next(command, targeted);
          const problem = failure(answer);
          if (problem !== undefined) {
            void vscode.window.showWarningMessage(`Rex: ${problem}`);
          }
          void showLocations(answer);
          return answer;
        },
        workspace: {
          configuration: async (params, token, next) => {
            const sections: unknown = await next(params, token);
            return Array.isArray(sections)
              ? sections.map((section) =>
                  workspaceSettings(section, this.programs, rustAnalyzerRuns()),
                )
              : [];
          },
        },
      },
    };
  }

  private closed(): { action: CloseAction; message?: string; handled?: boolean } {
    if (!this.wanted) {
      return { action: CloseAction.DoNotRestart, handled: true };
    }
    const now = Date.now();
    this.crashes = [...this.crashes.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (this.crashes.length <= RESTARTS) {
      this.output.warn("the server stopped by itself, starting it again");
      return { action: CloseAction.Restart, handled: true };
    }
    this.status.failed("the server keeps stopping");
    return {
      action: CloseAction.DoNotRestart,
      message: `The Rex server stopped ${this.crashes.length} times in three minutes. Its log says why; "Rex: Restart Server" tries again.`,
    };
  }

  private async offerHelp(message: string): Promise<void> {
    const [settings, log] = ["Open Settings", "Show Log"];
    const answer = await vscode.window.showErrorMessage(message, settings, log);
    if (answer === settings) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "rex.interpreter");
    } else if (answer === log) {
      this.output.show();
    }
  }

  private run(argv: readonly string[]): Promise<Run> {
    const [program = "", ...args] = argv;
    return new Promise((resolve) => {
      const child = spawn(program, args, {
        cwd: this.home,
        timeout: PROBE_LIMIT_MS,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        this.output.debug(text.trimEnd());
      });
      child.on("error", (error) => {
        this.output.debug(`${program}: ${error.message}`);
        resolve({ status: null, stdout: "" });
      });
      child.on("close", (status) => {
        resolve({ status, stdout });
      });
    });
  }
}
