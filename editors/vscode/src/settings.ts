// SPDX-License-Identifier: Apache-2.0 OR MIT
/** The settings that the server is told: not the extension's own, and each from where it may come. */

type Values = Record<string, unknown>;

/** These start the server or belong to the client library. */
const OWN = ["interpreter", "trace.server"];

/** The part of the extension's manifest that declares settings. */
export interface Manifest {
  contributes: { configuration: { properties: Record<string, { scope?: string }> } };
}

/** The server's settings that name programs: they come from the person, never from a workspace. */
export function programSettings(manifest: Manifest): string[] {
  return Object.entries(manifest.contributes.configuration.properties)
    .filter(([key, { scope }]) => scope === "machine" && key !== "rex.interpreter")
    .map(([key]) => key.replace(/^rex\./, ""));
}

/** Flattens nested objects to dotted names, as far as `stop` does not claim a name as a value. */
function flatten(values: Values, stop: ReadonlySet<string>, prefix = ""): Values {
  const flat: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const key = prefix + name;
    if (!stop.has(key) && typeof value === "object" && value !== null && !Array.isArray(value)) {
      Object.assign(flat, flatten(value as Values, stop, `${key}.`));
    } else {
      flat[key] = value;
    }
  }
  return flat;
}

/**
 * What `workspace/configuration` answers for the section `rex`.
 *
 * @param section the section as the editor has it, all layers merged
 * @param programs the settings that name programs
 * @param rustAnalyzer whether rust-analyzer runs beside us; what a person set counts more
 */
export function workspaceSettings(
  section: unknown,
  programs: readonly string[],
  rustAnalyzer: boolean,
): Values {
  const values =
    typeof section === "object" && section !== null
      ? flatten(section as Values, new Set(["rules"]))
      : {};
  const told = Object.entries(values).filter(
    ([key]) => !OWN.includes(key) && !programs.includes(key),
  );
  const result: Values = Object.fromEntries(told);
  if (rustAnalyzer && result["rustAnalyzer.active"] !== true) {
    result["rustAnalyzer.active"] = true;
  }
  return result;
}

/** The settings that name programs, as far as they are set. */
export function userSettings(
  programs: readonly string[],
  get: (key: string) => string | undefined,
): Values {
  const set = programs.map((key) => [key, get(key) ?? ""] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}
