/** What finds a verdict, beside the design: the files of the checkers that a search comes to. */
import { fingerprint, meaning } from "./meaning.ts";
import { fileNamed } from "./module.ts";
import { jsonIn, type Sources } from "./sources.ts";

/** Where a search of a design begins, and a thread that helps it. */
const ENTRIES = ["cli/run-job.ts", "cli/search-worker.ts"];

/** What a file names of the tree, however it loads it: imports, threads, generated code. */
const NAMED = /["'](\.{1,2}\/[^"'\s]+\.m?ts)["']/g;

/** The files of checkers/ and spec/ that a search may come to, in order. Models are the designs' own. */
export function engineFiles(sources: Sources): readonly string[] {
  const seen = new Set<string>();
  const open = [...ENTRIES];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const text = sources.text(path);
    if (text === null || seen.has(path) || path.startsWith("models/")) continue;
    seen.add(path);
    for (const [, named] of text.matchAll(NAMED)) open.push(fileNamed(named!, path)!);
  }
  return [...seen].filter((path) => !path.startsWith("cli/") || ENTRIES.includes(path)).sort();
}

/** Changes when a search may find something else, or find it in another way. */
export function contentOfEngine(sources: Sources): string {
  const lines = engineFiles(sources).map((path) => `${path} ${meaningOfFile(sources, path)}`);
  const packages = sources.text("package.json");
  return fingerprint([...lines, packages === null ? "" : dependenciesIn(packages)].join("\n"));
}

/** What a whole file says; a file that is not there says nothing. */
export function meaningOfFile(sources: Sources, path: string): string {
  const module = sources.module(path);
  return module === null ? "" : fingerprint(meaning(module.source));
}

function dependenciesIn(text: string): string {
  return JSON.stringify((jsonIn(text) as { dependencies?: unknown }).dependencies ?? {});
}
