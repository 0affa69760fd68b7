/** What a model must not look at or touch: with it, the same input has not the same output. */
import { builtinModules } from "node:module";
import { ts } from "ts-morph";

export interface Rule {
  readonly why: string;
  readonly instead: string;
}

const CLOCK: Rule = {
  why: "it reads the clock, so that two runs see two things",
  instead: "a counter in the state, bounded by a bound of the design",
};
const RANDOM: Rule = {
  why: "it is random, so that no state is found twice and no trace can be replayed",
  instead: "a parameter of the call: a run tries all of its values",
};
const OUTSIDE: Rule = {
  why: "it reads or changes something outside of the state, which no trace shows",
  instead: "what it needs as a field of the machine, from the bounds, or as a field of the state",
};
const LATER: Rule = {
  why: "it runs at another time, when the section has ended",
  instead: "a section of its own, and a lock or `until` for what it waits for",
};
const CODE: Rule = {
  why: "it runs code that nobody can read here",
  instead: "the code itself",
};

/** A module's state, whoever reads or writes it. */
export const MODULE_STATE: Rule = {
  why: "it is state of the module, which is in no state of the search and goes on from one path to the next",
  instead: "a field of the state, or what the call `keeps`",
};
export const ON_LOAD: Rule = {
  why: "it changes what another declaration stands for, whose text then does not say what it is",
  instead: "a declaration of its own, made from the other one: `[...list, item]`, `{ ...object, field }`",
};
export const OF_PACKAGE: Rule = {
  why: "it is code of a package, of which nobody here knows what it reads",
  instead: "the few lines of it that are needed, as a function of the model",
};

const GLOBALS: Readonly<Record<string, Rule>> = {
  Date: CLOCK,
  performance: CLOCK,
  crypto: RANDOM,
  process: OUTSIDE,
  console: OUTSIDE,
  fetch: OUTSIDE,
  navigator: OUTSIDE,
  localStorage: OUTSIDE,
  sessionStorage: OUTSIDE,
  WebSocket: OUTSIDE,
  EventSource: OUTSIDE,
  BroadcastChannel: OUTSIDE,
  MessageChannel: OUTSIDE,
  SharedArrayBuffer: OUTSIDE,
  Atomics: OUTSIDE,
  WeakRef: OUTSIDE,
  FinalizationRegistry: OUTSIDE,
  Intl: OUTSIDE,
  globalThis: OUTSIDE,
  global: OUTSIDE,
  require: OUTSIDE,
  setTimeout: LATER,
  setInterval: LATER,
  setImmediate: LATER,
  queueMicrotask: LATER,
  eval: CODE,
  Function: CODE,
};

/** Of what the language itself has under a name; `field`: the only one that is looked at. */
export function ruleOfGlobal(name: string, field: string | null): Rule | null {
  if (name === "Math" && (field === "random" || field === null)) return RANDOM;
  return Object.hasOwn(GLOBALS, name) ? GLOBALS[name]! : null;
}

/** Of a package that a model imports. */
export function ruleOfPackage(specifier: string): Rule {
  const name = specifier.replace(/^node:/, "").split("/")[0]!;
  if (name === "crypto") return RANDOM;
  return builtinModules.includes(name) ? OUTSIDE : OF_PACKAGE;
}

/** Words of the syntax. */
export function ruleOfSyntax(node: ts.Node): Rule | null {
  if (ts.isAwaitExpression(node)) return LATER;
  if (ts.isMetaProperty(node)) return OUTSIDE;
  const isImport = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport ? OUTSIDE : null;
}
