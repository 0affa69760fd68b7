/**
 * The source of a function that a design is made of, as it runs: its own text, parsed, and the values of the variables that it captures.
 *
 * Text and captured values come from the running function itself (V8's inspector shows a closure's scopes), not from files: a design need
 * not be loaded in a particular way, factories of sections are closures like any other, and what is translated is what would run.
 */
import { findSourceMap } from "node:module";
import { Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import { parse, type Expression, type Function as FunctionNode, type Program } from "acorn";

export type AnyFunction = (...args: never[]) => unknown;

export interface Source {
  readonly node: FunctionNode & { readonly start: number };
  /** Where a node of it is: file:line. */
  place(node: { readonly start: number }): string;
  /** The value of a captured variable; undefined where there is none of this name. */
  captured(name: string): { readonly value: unknown } | undefined;
}

const known = new WeakMap<AnyFunction, Source | null>();

/** Null for a function that has no source: one of the engine's own. */
export function sourceOf(fn: AnyFunction): Source | null {
  const found = known.get(fn);
  if (found !== undefined) return found;
  const source = read(fn);
  known.set(fn, source);
  return source;
}

function read(fn: AnyFunction): Source | null {
  const text = fn.toString();
  if (text.includes("[native code]")) return null;
  const parsed = parseFunction(text);
  if (parsed === null) return null;
  let scopes: Record<string, unknown>[] | undefined;
  return {
    node: parsed.node,
    place: (node) => placeOf(fn, text, node.start - parsed.shift),
    captured(name) {
      scopes ??= scopesOf(fn);
      for (const scope of scopes) if (name in scope) return { value: scope[name] };
      return undefined;
    },
  };
}

const OPTIONS = { ecmaVersion: "latest", sourceType: "module" } as const;

/** A function's text is that of an expression or a declaration, or that of a method. */
function parseFunction(text: string): { readonly node: FunctionNode; readonly shift: number } | null {
  const asExpression = parsed(`(${text})`);
  if (asExpression !== null) return { node: asExpression as FunctionNode, shift: 1 };
  const asMethod = parsed(`({${text}})`);
  if (asMethod?.type !== "ObjectExpression") return null;
  const [property] = asMethod.properties;
  if (property?.type !== "Property" || property.value.type !== "FunctionExpression") return null;
  return { node: property.value as FunctionNode, shift: 2 };
}

function parsed(text: string): Expression | null {
  let program: Program;
  try {
    program = parse(text, OPTIONS);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const [statement] = program.body;
  return statement?.type === "ExpressionStatement" ? statement.expression : null;
}

let session: Session | undefined;

function post(method: string, params: object): any {
  if (session === undefined) {
    session = new Session();
    session.connect();
  }
  let answer: unknown;
  session.post(method, params, (error, result) => {
    if (error !== null) throw new Error(`the inspector refused ${method}: ${error.message}`);
    answer = result;
  });
  return answer;
}

const PROBE = "__gmemcheckProbe";

function probe(value: unknown): void {
  (globalThis as Record<string, unknown>)[PROBE] = value;
}

function internalsOf(fn: AnyFunction): { readonly name: string; readonly value: any }[] {
  probe(fn);
  const { result } = post("Runtime.evaluate", { expression: `globalThis.${PROBE}` });
  const { internalProperties } = post("Runtime.getProperties", {
    objectId: result.objectId,
    ownProperties: true,
  });
  return internalProperties;
}

/** What each scope around a function holds, the inner ones first; without the global one. */
function scopesOf(fn: AnyFunction): Record<string, unknown>[] {
  const scopes: Record<string, unknown>[] = [];
  const list = internalsOf(fn).find(({ name }) => name === "[[Scopes]]");
  if (list === undefined) return scopes;
  const { result } = post("Runtime.getProperties", { objectId: list.value.objectId, ownProperties: true });
  for (const { value } of result) {
    if (value?.objectId === undefined || value.description === "Global") continue;
    post("Runtime.callFunctionOn", {
      objectId: value.objectId,
      functionDeclaration: `function () { globalThis.${PROBE} = this.object; }`,
    });
    scopes.push((globalThis as Record<string, unknown>)[PROBE] as Record<string, unknown>);
  }
  probe(undefined);
  return scopes;
}

const ROOT = new URL("../../", import.meta.url).href;

function placeOf(fn: AnyFunction, text: string, offset: number): string {
  const location = internalsOf(fn).find(({ name }) => name === "[[FunctionLocation]]")?.value.value;
  const url = location === undefined ? undefined : scriptUrl(location.scriptId);
  if (url === undefined) return "(unknown place)";
  const before = text.slice(0, Math.max(0, offset)).split("\n");
  const line = location.lineNumber + before.length - 1;
  const column = (before.length === 1 ? location.columnNumber : 0) + before.at(-1)!.length;
  const entry = findSourceMap(url)?.findEntry(line, column) as { originalLine?: number } | undefined;
  return `${shown(url)}:${(entry?.originalLine ?? line) + 1}`;
}

function shown(url: string): string {
  const plain = url.split("?")[0]!;
  if (plain.startsWith(ROOT)) return plain.slice(ROOT.length);
  return plain.startsWith("file://") ? fileURLToPath(plain) : plain;
}

/** Scripts tell their address when they are first listened to, which is for a moment, when a place is first asked for. */
let urls: Map<string, string> | undefined;

function scriptUrl(scriptId: string): string | undefined {
  if (urls?.has(scriptId)) return urls.get(scriptId);
  const found = new Map<string, string>();
  post("Runtime.evaluate", { expression: "0" });
  session!.on("Debugger.scriptParsed", ({ params }) => found.set(params.scriptId, params.url));
  post("Debugger.enable", {});
  post("Debugger.disable", {});
  session!.removeAllListeners("Debugger.scriptParsed");
  urls = found;
  return urls.get(scriptId);
}
