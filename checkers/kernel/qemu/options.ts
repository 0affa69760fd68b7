/** The options that a kernel is built with: asked for in a file of this folder, granted or silently dropped by `make olddefconfig`. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export const CONFIG_KINDS = ["plain", "debug"] as const;
/** `debug` is `plain` with what finds errors of lifetime and of locking. */
export type ConfigKind = (typeof CONFIG_KINDS)[number];

const FILES: Readonly<Record<ConfigKind, readonly string[]>> = {
  plain: ["config"],
  debug: ["config", "config.debug"],
};

/** Lines `CONFIG_NAME=value`; of two for one name, the last counts. */
export function optionsAsked(kind: ConfigKind): ReadonlyMap<string, string> {
  return optionsIn(
    FILES[kind].map((file) => readFileSync(new URL(file, import.meta.url), "utf8")).join("\n"),
  );
}

function optionsIn(text: string): Map<string, string> {
  const lines = text.matchAll(/^(CONFIG_\w+)=(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!, value!]));
}

export function optionsText(asked: ReadonlyMap<string, string>): string {
  return [...asked].map(([name, value]) => `${name}=${value}\n`).join("");
}

/** Equal for equal options: a kernel that was built with others is built again. */
export function optionsDigest(asked: ReadonlyMap<string, string>): string {
  return createHash("sha256").update(optionsText(asked)).digest("hex").slice(0, 16);
}

/** What a `.config` does not have as it was asked for, a line each: "CONFIG_KASAN=y, but it is not set". */
export function optionsDropped(asked: ReadonlyMap<string, string>, config: string): string[] {
  const granted = optionsIn(config);
  return [...asked].flatMap(([name, value]) => {
    const given = granted.get(name) ?? "n";
    return given === value ? [] : [`${name}=${value}, but it is ${given === "n" ? "not set" : given}`];
  });
}
