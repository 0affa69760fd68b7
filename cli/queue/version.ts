/** What stands for the text of this tool and its models: machines that differ in it do not work together. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hashOf } from "../content.ts";

const manifest = fileURLToPath(new URL("../../package.json", import.meta.url));

let known: string | null = null;

/** `0.1.0-3f6c…` */
export function versionOf(): string {
  known ??= read();
  return known;
}

function read(): string {
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  return `${version}-${hashOf(["spec", "models", "checkers", "cli"], []).slice(0, 16)}`;
}
