/** What a browser runs, in one piece: the code of a page and the design that it runs, and nothing of Node. */
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import type { Plugin, Rolldown } from "vite";
import { UsageError } from "../../checkers/usage-error.ts";
import type { Exported } from "./exported.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = fileURLToPath(new URL("../../page/", import.meta.url));

export interface Bundle {
  readonly script: string;
  readonly style: string;
}

/** What goes into a page; file names are those in page/. */
export interface Parts {
  /** "entry/trace.tsx": its `start` is called, with the designs in their order. */
  readonly entry: string;
  /** "picture/page.css" */
  readonly styles: readonly string[];
  readonly designs: readonly Exported[];
}

/** Pages of the same designs have the same code. */
const made = new Map<string, Promise<Bundle>>();

export function bundle(parts: Parts): Promise<Bundle> {
  const source = sourceOf(parts);
  let known = made.get(source);
  if (known === undefined) made.set(source, (known = build(source, parts)));
  return known;
}

function sourceOf({ entry, styles, designs }: Parts): string {
  const from = (file: string): string => JSON.stringify(file);
  const ways = designs.map(({ path: [, ...keys] }, i) => {
    const way = keys.map((key) => `[${JSON.stringify(key)}]`).join("");
    return `design${i}${way}`;
  });
  return [
    ...styles.map((file) => `import ${from(PAGE + file)};`),
    ...designs.map(({ file, path: [name] }, i) => `import { ${name} as design${i} } from ${from(file)};`),
    `import { start } from ${from(PAGE + entry)};`,
    `start(${ways.join(", ")});`,
  ].join("\n");
}

/** What cannot be the name of a file. */
const ENTRY = "\0page";

async function build(source: string, { designs }: Parts): Promise<Bundle> {
  const vite = await import("vite");
  try {
    const built = await vite.build({
      root: ROOT,
      configFile: false,
      envDir: false,
      publicDir: false,
      logLevel: "silent",
      // Declarations ask where they stand; in a page that is nowhere.
      define: {
        "import.meta.url": JSON.stringify("file:///page.html"),
        "process.env.NODE_ENV": JSON.stringify("production"),
      },
      oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
      plugins: [entryPlugin(source), withoutNode()],
      build: {
        write: false,
        target: "es2022",
        minify: true,
        modulePreload: false,
        rollupOptions: { input: ENTRY, output: { format: "es", codeSplitting: false } },
      },
    });
    return partsOf((Array.isArray(built) ? built[0]! : built) as Rolldown.RolldownOutput);
  } catch (error) {
    const where = designs.map(({ file }) => file).join(" and ") || "the page";
    throw new UsageError(
      `${where} cannot be bundled for a browser: ${reason(error)}\n` +
        "  usual cause: a design that imports something of Node; what a page runs may import spec/ and other designs",
    );
  }
}

function reason(error: unknown): string {
  const { message = String(error) } = error as Partial<Error>;
  const lines = stripVTControlCharacters(message).split("\n");
  return lines.find((line) => line.includes(NO_NODE)) ?? lines.slice(0, 3).join(" ").trim();
}

function partsOf({ output }: Rolldown.RolldownOutput): Bundle {
  const script = output.flatMap((part) => (part.type === "chunk" ? [part.code] : [])).join("\n");
  const style = output.flatMap((part) =>
    part.type === "asset" && part.fileName.endsWith(".css") ? [String(part.source)] : [],
  );
  return { script, style: style.join("\n") };
}

function entryPlugin(source: string): Plugin {
  return {
    name: "gmemcheck-entry",
    resolveId: (id) => (id === ENTRY ? ENTRY : null),
    load: (id) => (id === ENTRY ? source : null),
  };
}

const NO_NODE = "which a browser has not";

/** Vite puts an empty module in the place of what only Node has, and the page would fail when it is opened. */
function withoutNode(): Plugin {
  return {
    name: "gmemcheck-without-node",
    enforce: "pre",
    resolveId(id, importer) {
      if (!id.startsWith("node:")) return null;
      throw new Error(`${importer ?? "it"} imports ${id}, ${NO_NODE}`);
    },
  };
}
