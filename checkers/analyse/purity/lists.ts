/** What methods of lists, maps and sets do with what they are called on. */

/** They write into it. */
export const WRITE: ReadonlySet<string> = new Set([
  "add",
  "clear",
  "copyWithin",
  "delete",
  "fill",
  "pop",
  "push",
  "reverse",
  "set",
  "shift",
  "sort",
  "splice",
  "unshift",
]);

/** They make a list of the same elements. */
export const COPY: ReadonlySet<string> = new Set([
  "concat",
  "entries",
  "filter",
  "flat",
  "keys",
  "slice",
  "splice",
  "toReversed",
  "toSorted",
  "toSpliced",
  "values",
  "with",
]);

/** They make a list of what a function makes of the elements. */
export const MAP: ReadonlySet<string> = new Set(["map", "flatMap"]);

/** They give one of the elements. */
export const PICK: ReadonlySet<string> = new Set(["at", "find", "findLast", "get", "pop", "shift"]);

/** They give the list itself. */
export const SELF: ReadonlySet<string> = new Set(["add", "fill", "reverse", "set", "sort", "copyWithin"]);

/** They give what is nobody's: a number, a word, whether something is so. */
export const PLAIN: ReadonlySet<string> = new Set([
  "every",
  "findIndex",
  "findLastIndex",
  "forEach",
  "has",
  "includes",
  "indexOf",
  "join",
  "lastIndexOf",
  "push",
  "some",
  "toString",
  "unshift",
]);

/** They write into their first argument. */
export const WRITE_FIRST: ReadonlySet<string> = new Set([
  "Object.assign",
  "Object.defineProperties",
  "Object.defineProperty",
  "Object.setPrototypeOf",
  "Reflect.defineProperty",
  "Reflect.deleteProperty",
  "Reflect.set",
]);
