/** What a run depends on besides its options: the text of the tool, of the models, and of a design's own file. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
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
  const hash = createHash("sha256");
  const sources = ["spec", "models", "checkers"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(ROOT, folder, path)),
  );
  const own = asked.split("#")[0]!;
  for (const path of [...sources, ...(existsSync(own) ? [own] : [])].sort())
    hash.update(path).update(readFileSync(path));
  return hash.digest("hex");
}
