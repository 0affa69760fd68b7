/** The code of sections, made when they have run often enough, and shared by all calls that look alike to a section. */
import type { Context, Part } from "../../explore/program.ts";
import { SectionTranslator, type Section } from "./sections.ts";

/** Runs a section on packed words: the number of its answer, and the words after it at out[at …]. */
export type Run = (from: Int32Array, offset: number, out: Int32Array, at: number) => number;

export interface Code {
  readonly run: Run;
  readonly section: Section;
}

/** The code that a section has. */
interface Made {
  /** Steps that were taken without. */
  steps: number;
  readonly variants: Variant[];
}

interface Variant {
  readonly until: Part["until"];
  /** The fields of the context that it was made for, with their values; null where it is left to the interpreter. */
  readonly for: readonly (readonly [string, unknown])[] | null;
  readonly code: Code | null;
}

/** A run that is over soon needs no code at all: this many sections' patience comes first. */
const WARM_UP = 400;

export class Codes {
  private readonly translator: SectionTranslator;
  private readonly sections = new Map<unknown, Made>();
  private readonly plain: Code;
  /** Steps that were taken without code. */
  private steps = 0;
  /** Functions that were generated, and their source. */
  made = 0;
  size = 0;

  constructor(translator: SectionTranslator) {
    this.translator = translator;
    const copies = translator.words("w").map((_, i) => `out[at + ${i}] = from[offset + ${i}];`);
    const section = {
      source: `${copies.join(" ")} return 0;`,
      reads: [],
      exits: [{ first: 0, radices: [], kept: [], step: NOTHING }],
    };
    this.plain = { run: functionOf(section.source), section };
  }

  /** What is there already: undefined where nothing is, null where the interpreter is to run the section. */
  known(part: Part, context: Context): Code | null | undefined {
    if (part.run === undefined && part.until === undefined) return this.plain;
    return this.of(part).variants.find((variant) => applies(variant, part, context))?.code;
  }

  private of(part: Part): Made {
    const key = part.run ?? part.until;
    let made = this.sections.get(key);
    if (made === undefined) this.sections.set(key, (made = { steps: 0, variants: [] }));
    return made;
  }

  /** Called for each step that is taken without code: the more code a section has already, the longer a call waits for its own. */
  isWorthMaking(part: Part, steps: number, patience: number): boolean {
    const made = this.of(part);
    const isWarm = this.steps++ >= patience * WARM_UP;
    return made.steps++ >= patience && isWarm && steps >= Math.min(patience, made.variants.length);
  }

  make(part: Part, context: Context, keeps: ReadonlySet<string>): Code | null {
    const section = this.translator.translate(part, context, keeps);
    const code = section === null ? null : { run: functionOf(section.source), section };
    this.of(part).variants.push({
      until: part.until,
      for: section && section.reads.map((name) => [name, context[name]] as const),
      code,
    });
    this.made++;
    this.size += section?.source.length ?? 0;
    return code;
  }
}

const NOTHING = { kind: "constant", value: undefined } as const;

function functionOf(source: string): Run {
  return new Function("from", "offset", "out", "at", `"use strict";\n${source}`) as Run;
}

/** What was too much for one set of values is taken to be so for all. */
function applies({ until, for: made }: Variant, part: Part, context: Context): boolean {
  return (
    until === part.until && (made === null || made.every(([name, value]) => isSame(value, context[name])))
  );
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => name in b && isSame((a as Context)[name], (b as Context)[name]));
}
