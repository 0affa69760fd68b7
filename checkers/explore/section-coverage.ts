/**
 * How often each section of each call runs in the steps of a search. Each time that it runs counts, and so does each round of a loop; a section that
 * its `when` leaves out does not, nor does what a call ran that then turned out to be disabled, which is no step. Where a run does not track all
 * cells, a step is run for each of the values that it reads of the others, and each of these runs counts. What is run again is not counted: to find steps
 * that are not deterministic, to find the way to a state, or to compare calls that overlap with their orders.
 */
import { disabled } from "../../spec/language/call.ts";
import { UsageError } from "../usage-error.ts";
import type { Bounded } from "./bounded.ts";
import type { Batch } from "./expander.ts";
import { InterpretedExpander, type Ground } from "./interpreted.ts";
import type { Program } from "./program.ts";
import { makeInstance, type Instance } from "./sequential.ts";
import type { SearchOptions } from "./sweep.ts";

/** call → section → times. */
export type SectionCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export class SectionTally {
  private readonly times = new Map<string, Map<string, number>>();

  add(call: string, sections: readonly string[]): void {
    let times = this.times.get(call);
    if (times === undefined) this.times.set(call, (times = new Map()));
    for (const section of sections) times.set(section, (times.get(section) ?? 0) + 1);
  }

  /** Of what ran at all. */
  get counts(): SectionCounts {
    return Object.fromEntries([...this.times].map(([call, times]) => [call, Object.fromEntries(times)]));
  }
}

/** Null where nothing is to be counted. */
export function sectionTallyFor({ sections, symmetry, resume }: SearchOptions): SectionTally | null {
  if (sections !== true) return null;
  if (symmetry !== undefined)
    throw new UsageError("--sections counts the steps of all states: --symmetry leaves most of them out");
  if (resume !== undefined)
    throw new UsageError(
      "--sections counts from the start: a run that goes on with --resume has not counted what was before",
    );
  return new SectionTally();
}

/** Runs calls one after the other, as they are written, and counts their sections. */
export class SectionExpander extends InterpretedExpander {
  private readonly counting: { isOn: boolean };

  constructor(ground: Ground, tally: SectionTally) {
    const counting = { isOn: false };
    super({ ...ground, subject: counted(ground.subject, tally, counting) });
    this.counting = counting;
  }

  override expand(from: Int32Array, offset: number, index: number, batch: Batch): void {
    this.counting.isOn = true;
    super.expand(from, offset, index, batch);
    this.counting.isOn = false;
  }
}

/** The same calls; what `run` runs is counted while that is on. */
function counted(subject: Bounded, tally: SectionTally, counting: { readonly isOn: boolean }): Bounded {
  const ran: string[] = [];
  const programs = new Map<Program, Program>();
  const instances = subject.instances.map(({ name, call, params, program }): Instance => {
    const telling = programs.get(program) ?? tellingOf(program, ran);
    programs.set(program, telling);
    const instance = makeInstance(name, call, params, subject.sizes, telling);
    const run: Instance["run"] = (s, m) => {
      ran.length = 0;
      let ended: ReturnType<Instance["run"]> | "bug" = "bug";
      try {
        return (ended = instance.run(s, m));
      } finally {
        if (counting.isOn && ended !== disabled) tally.add(name, ran);
      }
    };
    return { ...instance, run };
  });
  return { ...subject, instances };
}

/** The same program, guarded where it was, whose sections say that they run: those that have nothing to do but take or drop a lock, too. */
function tellingOf(program: Program, ran: string[]): Program {
  const runs: Program["runs"] = program.parts.map(({ label, run }) => (s, c, m) => {
    ran.push(label);
    return run?.(s, c, m);
  });
  return Object.create(program, { runs: { value: runs } }) as Program;
}
