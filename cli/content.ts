/** What a run depends on besides its options: the text of the tool, of the models, and of a design's own file. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const known = new Map<string, string>();

/** Changes whenever a source does; a design's own file is named with the design. */
export function contentHash(asked: string): string {
  const hash = known.get(asked) ?? hashed(asked);
  known.set(asked, hash);
  return hash;
}

function hashed(asked: string): string {
  const own = asked.split("#")[0]!;
  return hashOf(["spec", "models", "checkers"], existsSync(own) ? [own] : []);
}

/** Of all sources in these folders of the project, and of the files; the same wherever the project is. */
export function hashOf(folders: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256");
  const sources = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(ROOT, folder, path)),
  );
  for (const path of [...sources, ...files].sort())
    hash.update(relative(ROOT, path)).update(readFileSync(path));
  return hash.digest("hex");
}
