/** A trace that is run again where it is looked at: its moments, what else could be done at each, and branches of one's own. */
import type { Actor } from "../../spec/language/call.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Change, SectionStep, Trace, TraceStep } from "../../spec/language/trace.ts";
import type { Lanes } from "./lanes.ts";
import type { Picture } from "./picture.ts";

/** A promise that does not hold at a moment. */
export interface Broken {
  readonly property: string;
  readonly says: string;
  readonly source: string;
  readonly instance: Readonly<Record<string, number>>;
  /** In the promise's own terms, for the instance; "" where it says nothing. */
  readonly why: string;
  /** For how many instances it does not hold. */
  readonly instances: number;
  /** `run`: found again by what was run here. `trace`: as the trace says, which the run of one trace cannot show alone. */
  readonly by: "run" | "trace";
}

/** The state before the first step, and behind each. Pictures and breaches are made when they are first asked for. */
export interface Moment {
  /** 0: the start. */
  readonly index: number;
  /** The step that led here; null: the start. */
  readonly step: TraceStep | SectionStep | null;
  /** The step as the command line prints it, without its result: "vCPU 0 of VM 0: guest_write(vm=0, gfn=1)". */
  readonly label: string;
  /** What the call answered; null where it is in flight, and at the start. */
  readonly result: string | null;
  readonly changes: readonly Change[];
  /** Calls in flight. */
  readonly inFlight: number;
  readonly picture: Picture;
  readonly breaches: readonly Broken[];
  /** A plain copy. */
  readonly state: unknown;
}

/** What can be done at a moment. */
export interface Choice {
  /** Equal for equal choices of the same moment; fit for a key and for a URL. */
  readonly key: string;
  readonly kind: "begin" | "go";
  readonly actor: string;
  readonly call: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Number of the call, in the order in which calls begin. */
  readonly thread: number;
  /** "guest_write(vm=0, gfn=1)"; of a call in flight, the sections that run next. */
  readonly label: string;
  /** What the call ends with when this is taken; null where it goes on. */
  readonly result: string | null;
  /** The bug of the kernel that it runs into. */
  readonly bug: string | null;
  /** How many cells of the state it changes. */
  readonly changes: number;
  /** It is what the trace does next. */
  readonly isNext: boolean;
}

/** Which calls are looked at: those of the trace's scenario, or all; of one name, or any. */
export interface Reach {
  readonly call?: string;
  readonly everything?: boolean;
}

/** A call that a reader may take, and in how many ways. */
export interface CallReach {
  readonly call: string;
  readonly by: Actor;
  /** The kernel function that it stands for. */
  readonly kernel: string;
  /** Parameter sets at the trace's bounds; null: more than are listed. */
  readonly sets: number | null;
  /** How many of them `choicesAt` tries. */
  readonly tried: number;
}

export interface Session {
  readonly design: AnyDesign;
  readonly trace: Trace;
  /** False of states that another tool recorded: there is nothing to run, to branch off or to write as a trace. */
  readonly isRun: boolean;
  /** The breach that the trace was stored for: its property; null in a branch, and for a trace without. */
  readonly property: string | null;
  readonly moments: readonly Moment[];
  readonly lanes: Lanes;
  /** Where the run here differs from what the file says: "call 3 ended with 0; the trace says EINVAL". */
  readonly differences: readonly string[];
  /** Index of the moment at which a reader's branch leaves the trace; null in the trace itself. */
  readonly branchedAt: number | null;
  /** Design, bounds, mode, scenario: the bound that everything is said of. */
  readonly bounds: string;
  /** What indices stand for, and the calls that the scenario makes before the first step. */
  readonly legend: readonly string[];
  /** What is enabled at a moment, of all that is tried; of the scenario's calls, where no other reach is given. */
  choicesAt(index: number, reach?: Reach): readonly Choice[];
  /** The calls there are to choose from, and how far they are tried: at large bounds not in every way. */
  calls(everything?: boolean): readonly CallReach[];
  /** The run up to a moment, and one step of one's own. */
  branch(index: number, choice: Choice): Session;
  /** What `gmemcheck replay` accepts: the whole run as a trace file. */
  toTrace(): unknown;
}
