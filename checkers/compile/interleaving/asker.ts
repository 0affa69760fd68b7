/** The promises that hold at any time, asked of packed states; where one may be broken, the interpreter is to tell. */
import type { Bounded } from "../../explore/bounded.ts";
import type { Translator } from "../translator.ts";

type Asks = (from: Int32Array, offset: number) => boolean;

/** States that the interpreter is asked about before there is code. */
const PATIENCE = 4000;

export class AnytimeAsker {
  private readonly subject: Bounded;
  private readonly translator: Translator;
  private readonly timed: <T>(translate: () => T) => T;
  /** Those that are asked, and not found broken or reached. */
  private readonly open: Uint8Array;
  private readonly decided: Uint8Array;
  private readonly asked: readonly number[];
  private asks: Asks | null = null;
  private states = 0;

  constructor(
    subject: Bounded,
    translator: Translator,
    timed: <T>(translate: () => T) => T,
    wanted: (name: string) => boolean,
  ) {
    this.subject = subject;
    this.translator = translator;
    this.timed = timed;
    this.open = new Uint8Array(subject.properties.length);
    this.decided = new Uint8Array(subject.properties.length);
    this.asked = subject.properties.flatMap(({ property, unanswered }, p) =>
      property.kind !== "step" &&
      property.anytime === true &&
      unanswered.length === 0 &&
      wanted(property.name)
        ? [p]
        : [],
    );
  }

  get isIdle(): boolean {
    return this.asked.length === 0;
  }

  /** What was found broken, or reached, is asked no more. */
  refresh(isOpen: (name: string) => boolean): void {
    for (const p of this.asked) this.open[p] = isOpen(this.subject.properties[p]!.property.name) ? 1 : 0;
  }

  /** Whether the interpreter is to ask about a state. */
  isToBeAsked(from: Int32Array, offset: number): boolean {
    if (this.asks === null) {
      if (this.states++ < PATIENCE) return true;
      this.asks = this.timed(() => this.compile());
    }
    return this.asks(from, offset);
  }

  addDecided(to: Set<string>): void {
    for (const p of this.asked) if (this.decided[p] !== 0) to.add(this.subject.properties[p]!.property.name);
  }

  private compile(): Asks {
    const words = this.translator.words("w");
    const pieces = this.asked.map((p) => {
      const { lines, hoists } = this.translator.stateProperty(p);
      const text = lines.join("\n");
      const used = new Set(text.match(/\bc\d+_\d+_\d+\b/g));
      const constants = [...hoists]
        .filter(([name]) => used.has(name))
        .map(([name, e]) => `const ${name} = ${e};`);
      return `function p${p}(${words.join(", ")}) {\n${constants.join("\n")}\n${text}\nreturn -1;\n}`;
    });
    const loads = words.map((name, i) => `${name} = from[offset + ${i}]`).join(", ");
    const asks = this.asked.map((p) => `(open[${p}] !== 0 && p${p}(${words.join(", ")}) !== -1)`);
    const body = `"use strict";
${pieces.join("\n")}
return (from, offset) => { const ${loads}; return ${asks.join(" || ")}; };`;
    return (new Function("open", "decided", body) as (...given: unknown[]) => Asks)(this.open, this.decided);
  }
}
