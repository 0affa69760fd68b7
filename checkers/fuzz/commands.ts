/**
 * The calls of a design as commands of fast-check, for tests of one's own:
 *
 *     fc.assert(fc.property(commands(design, bounds), (calls) => fc.modelRun(from(design, bounds), calls)));
 *
 * fails with the promise that a run breaks, and fast-check shrinks the run. Exported as `gmemcheck/fuzz`.
 */
import fc, { type Arbitrary, type Command, type CommandsContraints } from "fast-check";
import { disabled } from "../../spec/language/call.ts";
import type { AnyDesign, Bounds } from "../../spec/language/design.ts";
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import { outcomeName, outcomeText, sameOutcome, type Outcome } from "../../spec/language/outcome.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { sceneOf, type Scene } from "../explore/bounded.ts";
import { callText } from "../explore/instances.ts";
import { runWithLocks, type Instance } from "../explore/sequential.ts";
import { isDeclared, undeclared } from "../explore/stepper.ts";
import { Asking } from "./asking.ts";
import { Board } from "./board.ts";
import { Drawing } from "./draw.ts";

export interface Where {
  /** A scenario of the design; every call when absent. */
  readonly scenario?: string;
}

/** A system that is to answer as the design does. */
export interface Real {
  make(call: string, params: Readonly<Record<string, unknown>>): Outcome;
}

/** The design in a run: a state, and what is asked of it. */
export class Model {
  private readonly scene: Scene;
  private readonly board: Board;
  private readonly asking: Asking;

  constructor(scene: Scene) {
    this.scene = scene;
    this.board = new Board(scene);
    this.board.reset();
    this.asking = new Asking(scene, () => true, new Set());
  }

  canMake(instance: Instance): boolean {
    try {
      return runWithLocks(instance, this.board.draft, this.scene.m) !== disabled;
    } catch (error) {
      if (error instanceof KernelBug) return true;
      throw error;
    } finally {
      this.board.undo();
    }
  }

  /** Makes a call that can be made; throws where it breaks a promise, or the other system answers otherwise. */
  make(instance: Instance, real: Partial<Real>): void {
    const { board, asking } = this;
    const result = this.run(instance);
    const changed = board.settle();
    const breach = asking.ofStep(instance, result, board.before, board.now, changed);
    refuse(breach ?? asking.ofState(board.now.view, false));
    const answer = real.make?.(instance.name, instance.params) ?? result;
    if (sameOutcome(answer, result)) return;
    const [is, ought] = [outcomeText(answer), outcomeText(result)];
    throw new Error(
      `${callText(instance.name, instance.params)} ended with ${is}; the design ends with ${ought}`,
    );
  }

  private run(instance: Instance): Outcome {
    try {
      const ended = runWithLocks(instance, this.board.draft, this.scene.m);
      if (ended === disabled) throw new Error("a call that cannot be made is not made");
      if (!isDeclared(instance, ended)) throw undeclared(instance, outcomeName(ended));
      return ended;
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      throw new Error(`${error.breaks.name} is broken: ${error.message}`);
    }
  }
}

function refuse(breach: Breach | null): void {
  if (breach === null) return;
  const over = Object.entries(breach.instance).map(([name, value]) => ` ${name}=${value}`);
  throw new Error(
    `${breach.property} is broken${over.length === 0 ? "" : ` for${over.join("")}`}: ${breach.why}`,
  );
}

class MakeCall implements Command<Model, Partial<Real>> {
  private readonly instance: Instance;

  constructor(instance: Instance) {
    this.instance = instance;
  }

  check(model: Readonly<Model>): boolean {
    return model.canMake(this.instance);
  }

  run(model: Model, real: Partial<Real>): void {
    model.make(this.instance, real);
  }

  toString(): string {
    return callText(this.instance.name, this.instance.params);
  }
}

/** Of so many parameter sets one has an odd value. */
const ODD_IN = 8;
/** More than any parameter has values. */
const PICKS = 0xffff;

/** Runs of calls one after the other. Bounds that are absent have the design's defaults; the constraints are those of `fc.commands`. */
export function commands(
  design: AnyDesign,
  bounds: Bounds = {},
  { scenario, ...constraints }: Where & CommandsContraints = {},
): Arbitrary<Iterable<Command<Model, Partial<Real>>>> {
  const drawing = new Drawing(sceneOf(design, { bounds, ...(scenario === undefined ? {} : { scenario }) }));
  return fc.commands(
    drawing.names.map((name) => callOf(drawing, name)),
    constraints,
  );
}

/** A call by what is picked of each parameter's values: it shrinks to the first legal ones. */
function callOf(drawing: Drawing, name: string): Arbitrary<MakeCall> {
  const length = Object.keys(drawing.callOf(name).takes).length;
  const picks = fc.array(fc.nat(PICKS), { minLength: length, maxLength: length });
  const odd = fc.nat(ODD_IN * Math.max(1, length) - 1).map((n) => (n > 0 && n <= length ? n - 1 : null));
  return fc
    .tuple(picks, odd)
    .map(([picked, strange]) => drawing.picked(name, picked, strange))
    .filter((instance) => instance !== null)
    .map((instance) => new MakeCall(instance));
}

/** What `fc.modelRun` begins with: the state before the first call, and beside it the other system, made anew for each run. */
export function from(
  design: AnyDesign,
  bounds: Bounds = {},
  { scenario, real = () => ({}) }: Where & { readonly real?: () => Partial<Real> } = {},
): () => { readonly model: Model; readonly real: Partial<Real> } {
  const scene = sceneOf(design, { bounds, ...(scenario === undefined ? {} : { scenario }) });
  return () => ({ model: new Model(scene), real: real() });
}
