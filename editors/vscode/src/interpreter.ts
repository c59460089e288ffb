// SPDX-License-Identifier: Apache-2.0 OR MIT
/** Finds a Python that can run the server. Nothing here knows about the editor. */

/** What one run of an interpreter gave: its exit status, or null when it could not be started. */
export interface Run {
  status: number | null;
  stdout: string;
}

/** Starts `argv` away from the project and waits for it. */
export type Runner = (argv: readonly string[]) => Promise<Run>;

export interface Found {
  kind: "found";
  /** The interpreter and its own arguments. */
  argv: string[];
  /** The version of the `rex-lsp` package. */
  version: string;
}

export interface Missing {
  kind: "missing";
  cause: "no-python" | "old-python" | "no-package";
  /** What was tried, and what to do: one sentence each. */
  message: string;
}

/** The oldest Python that the server runs on. */
export const OLDEST_PYTHON = "3.10";

/**
 * Prints one word for the state of an interpreter and, when it will do, the version of the package.
 * The first entry of `sys.path` is dropped so that nothing in the current directory is imported.
 */
const PROBE = `
import sys
sys.path = [p for p in sys.path if p]
if sys.version_info < (3, 10):
    print("old", sys.version.split()[0])
else:
    try:
        import rex_lsp
    except ModuleNotFoundError as error:
        print("absent", error.name)
    else:
        print("found", rex_lsp.__version__)
`;

/** The command that starts the server, given its interpreter. */
export function serverCommand(interpreter: readonly string[]): string[] {
  return [...interpreter, "-m", "rex_lsp", "server"];
}

/**
 * The first interpreter that has the package: the configured one and no other, or else the first
 * of `python3` and `python`.
 */
export async function findInterpreter(
  configured: readonly string[],
  run: Runner,
): Promise<Found | Missing> {
  const chosen = configured.filter((word) => word !== "");
  const candidates = chosen.length > 0 ? [chosen] : [["python3"], ["python"]];
  let worst: Missing | undefined;
  for (const argv of candidates) {
    const verdict = await probe(argv, run);
    if (verdict.kind === "found") {
      return verdict;
    }
    if (worst === undefined || rank(verdict) > rank(worst)) {
      worst = verdict;
    }
  }
  return worst ?? missing("no-python", candidates[0] ?? []);
}

async function probe(argv: string[], run: Runner): Promise<Found | Missing> {
  const { status, stdout } = await run([...argv, "-c", PROBE]);
  const [word, rest] = stdout.trim().split(/\s+/, 2);
  if (status !== 0 || word === undefined) {
    return missing("no-python", argv);
  }
  switch (word) {
    case "found":
      return { kind: "found", argv, version: rest ?? "" };
    case "old":
      return missing("old-python", argv, rest);
    case "absent":
      return missing("no-package", argv, rest);
    default:
      return missing("no-python", argv);
  }
}

/** An interpreter that only lacks the package is the one worth telling about. */
function rank(verdict: Missing): number {
  return { "no-python": 0, "old-python": 1, "no-package": 2 }[verdict.cause];
}

function missing(cause: Missing["cause"], argv: readonly string[], detail?: string): Missing {
  const name = argv.join(" ");
  switch (cause) {
    case "no-python":
      return {
        kind: "missing",
        cause,
        message:
          `Rex needs Python ${OLDEST_PYTHON} or later, but "${name}" could not be started. ` +
          `Install Python or set "rex.interpreter".`,
      };
    case "old-python":
      return {
        kind: "missing",
        cause,
        message:
          `Rex needs Python ${OLDEST_PYTHON} or later, but "${name}" is ${detail ?? "older"}. ` +
          `Set "rex.interpreter" to a newer one.`,
      };
    case "no-package":
      return {
        kind: "missing",
        cause,
        message:
          detail === undefined || detail === "rex_lsp"
            ? `"${name}" does not have the package rex-lsp. ` +
              `Run "${name} -m pip install rex-lsp" or set "rex.interpreter".`
            : `"${name}" has rex-lsp but not ${detail}, which it needs. ` +
              `Run "${name} -m pip install --force-reinstall rex-lsp".`,
      };
  }
}
