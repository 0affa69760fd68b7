/** What a run depends on besides its options: the text of the tool, of the models, and of a design's own file. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Changes whenever a source does; files of designs are named with the designs. */
export function contentHash(asked: readonly string[]): string {
  const hash = createHash("sha256");
  const sources = ["spec", "models", "checkers"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(ROOT, folder, path)),
  );
  const files = asked.map((name) => name.split("#")[0]!).filter((path) => existsSync(path));
  for (const path of [...sources, ...files].sort()) hash.update(path).update(readFileSync(path));
  return hash.digest("hex");
}
