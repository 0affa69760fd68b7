/**
 * Asks properties about the draft: in each new state, and after each step.
 *
 * Where cells are left out, a question that needs one gets no answer. Under `watch` that is as it should be as long as the question
 * needs one location only: the search that watches this one answers it. A question that needs two has no answer in any search,
 * and its property is not decided by the run. So it is with a question that looks at what points elsewhere beside what points to
 * the watched location, unless the property says that it is of one page.
 */
import { mayLeave } from "../../spec/language/call.ts";
import { isFailure, type Outcome } from "../../spec/language/outcome.ts";
import {
  FAILED_CALL,
  type Always,
  type Made,
  type Property,
  type Sometimes,
  type StepProperty,
} from "../../spec/language/property.ts";
import { BUILT_IN, type KernelBug } from "../../spec/language/kernel-bug.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import type { Asked, Bounded } from "./bounded.ts";
import type { Codec, Tracking } from "./codec.ts";
import type { Totals, Where } from "./explored.ts";
import { codecFor } from "./guard.ts";
import { Havoc, Untracked } from "./havoc.ts";
import { Misuse } from "./misuse.ts";
import type { Instance } from "./sequential.ts";
import { canonical, changes } from "./walk.ts";

type View = any;
type PropertyInstance = Readonly<Record<string, number>>;
interface Claim<P> {
  readonly property: P;
  readonly instances: readonly PropertyInstance[];
}

/** One way that a step went, as step properties see it. */
export interface Stepped {
  /** The state that it started from, by its number. */
  readonly from: number;
  /** The number of the call. */
  readonly k: number;
  readonly instance: Instance;
  readonly ended: Outcome;
  readonly changed: boolean;
  /** Its result is another search's affair. */
  readonly elsewhere: boolean;
}

export class Asker {
  private readonly subject: Bounded;
  private readonly tracking: Tracking;
  private readonly havoc: Havoc;
  private readonly havocs: readonly Havoc[];
  private readonly total: Totals;
  /** Holds the state at hand. */
  private readonly draft: unknown;
  private readonly view: View;
  private readonly onStates: readonly Claim<Always<View> | Sometimes<View>>[];
  private readonly onSteps: readonly Claim<StepProperty<View>>[];
  /** A second draft that holds the state before a step; filled when first needed. */
  private readonly before: { readonly codec: Codec; readonly havoc: Havoc; readonly view: View } | null;
  private beforeHolds = -1;
  /** What has not been found yet. */
  private readonly open: Set<string>;

  constructor(
    subject: Bounded,
    tracking: Tracking,
    only: ReadonlySet<string> | undefined,
    codec: Codec,
    havoc: Havoc,
    total: Totals,
  ) {
    this.subject = subject;
    this.tracking = tracking;
    this.havoc = havoc;
    this.total = total;
    this.draft = codec.draft;
    this.view = subject.design.view(codec.draft, subject.m);
    const wanted = (name: string): boolean => only === undefined || only.has(name);
    const asked = subject.properties.filter(
      ({ property, unanswered }) => unanswered.length === 0 && wanted(property.name),
    );
    this.onStates = asked.filter(isOnStates);
    this.onSteps = asked.filter(isOnSteps);
    this.before = this.onSteps.length === 0 ? null : this.makeBefore();
    this.havocs = this.before === null ? [havoc] : [havoc, this.before.havoc];
    this.open = new Set(asked.map(({ property }) => property.name));
    for (const { name } of BUILT_IN) if (wanted(name)) this.open.add(name);
    if (wanted(FAILED_CALL.name)) this.openFailedCall();
  }

  /** A call that fails and changes what is tracked nowhere would go unseen. */
  private openFailedCall(): void {
    if (!this.havoc.isEmpty && this.tracking.watched === undefined)
      this.total.undecidable.add(FAILED_CALL.name);
    this.open.add(FAILED_CALL.name);
  }

  private makeBefore(): { codec: Codec; havoc: Havoc; view: View } {
    const { design, m } = this.subject;
    const havoc = new Havoc();
    havoc.refuses = true;
    const codec = codecFor(this.subject, this.tracking, havoc);
    return { codec, havoc, view: design.view(codec.draft, m) };
  }

  /** Whether any property is of steps. */
  get asksSteps(): boolean {
    return this.before !== null;
  }

  /** Asks every property of states; the draft holds the new state with the number `at`. With calls in flight, those alone that hold at any time. */
  askState(at: number, inFlight = false): void {
    this.havoc.forget();
    this.havoc.refuses = true;
    for (const { property, instances } of this.onStates) {
      if (!this.open.has(property.name) || (inFlight && property.anytime !== true)) continue;
      const wanted = property.kind === "sometimes";
      for (const instance of instances) {
        const holds = this.ask(property, () => {
          if (property.when !== undefined && !property.when(this.view, instance)) return null;
          return property.holds(this.view, instance);
        });
        if (holds === null || holds !== wanted) continue;
        const why =
          property.kind === "always" ? this.why(() => property.why?.(this.view, instance)) : "reached";
        this.settle(property.name, instance, why, { at, then: [] });
        break;
      }
    }
    this.havoc.refuses = false;
  }

  /** Asks every property of steps; the draft holds the state after the step, `current` is the one before it. */
  askStep(stepped: Stepped, current: Int32Array): void {
    const { instance, ended, changed, elsewhere } = stepped;
    if (changed && !elsewhere && isFailure(ended) && !this.mayLeave(instance, ended, current))
      this.failedCall(ended, stepped);
    if (this.before === null) return;
    const made: Made = { call: instance.name, by: instance.call.by, params: instance.params, result: ended };
    this.havoc.forget();
    this.havoc.refuses = true;
    for (const claim of this.onSteps) {
      if (!this.open.has(claim.property.name)) continue;
      if (claim.property.asksResults === true ? elsewhere : !changed) continue;
      if (this.beforeHolds !== stepped.from) {
        this.before.codec.unpack(current, 0);
        this.beforeHolds = stepped.from;
      }
      this.askOfStep(claim, made, stepped);
    }
    this.havoc.refuses = false;
  }

  private askOfStep({ property, instances }: Claim<StepProperty<View>>, made: Made, stepped: Stepped): void {
    const before: View = this.before!.view;
    for (const over of instances) {
      const holds = this.ask(property, () => {
        if (property.when !== undefined && !property.when(before, made, over)) return null;
        return property.holds(before, made, this.view, over);
      });
      if (holds !== false) continue;
      const why = this.why(() => property.why?.(before, made, this.view, over));
      this.settle(property.name, over, why, behind(stepped));
      return;
    }
  }

  /** The call declares that it may have changed what it has changed. Cells are told apart where all are tracked. */
  private mayLeave({ call }: Instance, ended: string, current: Int32Array): boolean {
    const left = call.leaves[ended];
    if (left?.cells === undefined || !this.havoc.isEmpty || this.before === null) return left !== undefined;
    const { before, draft } = this;
    before.codec.unpack(current, 0);
    this.beforeHolds = -1;
    const { design, m } = this.subject;
    // What is dead in the draft may hold what earlier steps wrote there.
    const after = canonical(design.state, design.sizes(m), draft);
    return mayLeave(left, changes(design.state, before.codec.draft, after));
  }

  private failedCall(ended: string, stepped: Stepped): void {
    if (!this.open.has(FAILED_CALL.name)) return;
    const why = `the call ended with ${ended} and changed the state all the same`;
    this.settle(FAILED_CALL.name, {}, why, behind(stepped));
  }

  /** A call ran into a bug of the kernel. */
  askBug({ breaks, message }: KernelBug, where: Where, loop?: number): void {
    if (this.open.has(breaks.name)) this.settle(breaks.name, {}, message, where, loop);
  }

  /** Not found broken yet. */
  isOpen(property: string): boolean {
    return this.open.has(property);
  }

  /** True or false, or null where the property says nothing or needs a cell that is not tracked here. */
  private ask(property: Property<View>, question: () => boolean | null): boolean | null {
    const { total } = this;
    for (const looked of this.havocs) looked.touched = looked.assumedAbsent = false;
    try {
      const holds = question();
      if (holds !== null && typeof holds !== "boolean") throw new TypeError(`it answered ${String(holds)}`);
      if (holds !== null) total.decided.add(property.name);
      if (property.ofOnePage !== true && this.touched && this.havocs.some((looked) => looked.assumedAbsent)) {
        total.undecidable.add(property.name);
      }
      return holds;
    } catch (error) {
      if (error instanceof Untracked) {
        if (this.touched || !error.isWatchedElsewhere) total.undecidable.add(property.name);
        return null;
      }
      if (error instanceof Misuse) throw error.by(`property ${property.name}`);
      throw new ModelError(
        `property ${property.name} threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
        property.place,
        "a question about something that does not exist in this state; let the property test for it first",
      );
    }
  }

  /** The question at hand has looked at the watched location, before or after the step. */
  private get touched(): boolean {
    return this.havocs.some((looked) => looked.touched);
  }

  private why(question: () => string | undefined): string {
    try {
      return question() ?? "";
    } catch (error) {
      if (error instanceof Misuse) throw error.by("the `why` of a property");
      return "";
    }
  }

  private settle(
    property: string,
    instance: PropertyInstance,
    why: string,
    where: Where,
    loop?: number,
  ): void {
    this.open.delete(property);
    const finding = { property, instance, why, ...where };
    this.total.find(loop === undefined ? finding : { ...finding, loop });
  }
}

function behind({ from, k }: Stepped): Where {
  return { at: from, then: [k] };
}

function isOnStates(asked: Asked): asked is Asked & Claim<Always<View> | Sometimes<View>> {
  return asked.property.kind !== "step";
}
function isOnSteps(asked: Asked): asked is Asked & Claim<StepProperty<View>> {
  return asked.property.kind === "step";
}
