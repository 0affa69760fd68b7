/** Markup as components render it, as a tree to ask: strict, so that what is not well formed fails the test that reads it. */

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (Element | string)[];
}

const VOID = new Set(["input", "br", "meta"]);
const TOKEN = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/gy;

export function parse(markup: string): Element {
  const root = open("root", "");
  const trail = [root];
  let end = 0;
  for (const [token, closes, name, attributes, selfCloses, text] of markup.matchAll(TOKEN)) {
    end += token.length;
    const parent = trail.at(-1)!;
    if (text !== undefined) parent.children.push(decoded(text));
    else if (closes === "/") {
      if (parent.name !== name) throw new Error(`</${name}> where <${parent.name}> is open`);
      trail.pop();
    } else {
      const element = open(name!, attributes!);
      parent.children.push(element);
      if (selfCloses !== "/" && !VOID.has(name!)) trail.push(element);
    }
  }
  if (end !== markup.length) throw new Error(`no markup: ${markup.slice(end, end + 60)}`);
  if (trail.length > 1) throw new Error(`<${trail.at(-1)!.name}> is never closed`);
  return root;
}

type Open = Element & { readonly children: (Element | string)[] };

function open(name: string, attributes: string): Open {
  const found = attributes.matchAll(/([^\s=]+)(?:="([^"]*)")?/g);
  return {
    name,
    attributes: new Map([...found].map(([, key, value = ""]) => [key!, decoded(value)])),
    children: [],
  };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

function decoded(text: string): string {
  return text.replace(/&(\w+|#\d+);/g, (_, name: string) =>
    name.startsWith("#") ? String.fromCodePoint(Number(name.slice(1))) : ENTITIES[name]!,
  );
}

/** All elements below one, in order. */
export function elements(of: Element): Element[] {
  return of.children.flatMap((child) => (typeof child === "string" ? [] : [child, ...elements(child)]));
}

/** Elements with a class, or by a name where no dot begins it: ".cell", "table". */
export function all(of: Element, what: string): Element[] {
  if (!what.startsWith(".")) return elements(of).filter(({ name }) => name === what);
  const wanted = what.slice(1);
  return elements(of).filter(({ attributes }) => (attributes.get("class") ?? "").split(" ").includes(wanted));
}

export function textOf(of: Element): string {
  return of.children.map((child) => (typeof child === "string" ? child : textOf(child))).join("");
}
