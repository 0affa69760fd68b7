// Sets the project up where that is needed: `npm start` and `npm test` call this first, so that a fresh clone needs nothing else.
// Plain JavaScript, without dependencies: it runs before there are any.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";

const MINIMUM = [20, 20];
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  console.error(`gmemcheck needs Node ${MINIMUM.join(".")} or later; this is ${process.version}`);
  process.exit(4);
}

const root = new URL("../", import.meta.url);
const lock = createHash("sha256")
  .update(readFileSync(new URL("package-lock.json", root)))
  .digest("hex");
const stamp = new URL("node_modules/.gmemcheck-setup", root);

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.error("setting up: npm ci");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("setting up failed: npm ci did not succeed\n  usual cause: no way to the npm registry");
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, lock);
}
