/** A design at some bounds, as given calls are made there again and again while they are shrunk. */
import type { AnyDesign, Bounds, GivenCall, Scenario } from "../../spec/language/design.ts";
import type { Chosen } from "../../spec/language/call.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { sceneOf, scenarioOf, type Scene } from "../explore/bounded.ts";
import { identity, inScenario, valuesOf } from "../explore/instances.ts";
import { Program } from "../explore/program.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";
import { UsageError } from "../usage-error.ts";

export class Stage {
  readonly scene: Scene;
  private readonly scenario: Scenario;
  private readonly known = new WeakMap<GivenCall, Instance | null>();
  private readonly programs = new Map<string, Program>();

  constructor(design: AnyDesign, bounds: Bounds, scenario: string) {
    this.scene = sceneOf(design, { bounds, scenario });
    this.scenario = scenarioOf(design, scenario);
  }

  /** Null for a call that no run at these bounds tries: its parameters are beyond them, or the scenario leaves it out. */
  instanceOf(given: GivenCall): Instance | null {
    const known = this.known.get(given);
    if (known !== undefined) return known;
    const instance = this.isTried(given) ? this.make(given) : null;
    this.known.set(given, instance);
    return instance;
  }

  /** The values of a parameter where those before it are chosen: legal ones first, as runs try them, and odd ones behind. */
  ladder(call: string, key: string, before: Chosen): readonly unknown[] {
    const { m, sizes, design } = this.scene;
    const { legal, odd } = valuesOf(design.calls[call]!.takes[key] as never, sizes);
    return [...legal(m, before), ...(this.scenario.legal === true ? [] : odd(m, before))];
  }

  private make({ call, params }: GivenCall): Instance {
    const { design, sizes } = this.scene;
    const program = this.programs.get(call) ?? new Program(call, design.calls[call]!, sizes);
    this.programs.set(call, program);
    return makeInstance(call, design.calls[call]!, params, sizes, program);
  }

  private isTried({ call: name, params }: GivenCall): boolean {
    const { design, m } = this.scene;
    const call = design.calls[name];
    if (call === undefined || !inScenario(name, call, this.scenario)) return false;
    const only = Object.entries(this.scenario.only?.[name] ?? {});
    if (!only.every(([key, keep]) => keep(params[key] as never, params))) return false;
    const own = identity(params);
    if (this.scenario.legal !== true && call.also(m).some((set) => identity(set) === own)) return true;
    const chosen: Record<string, unknown> = {};
    return Object.keys(call.takes).every((key) => {
      const value = identity(params[key]);
      const isThere = this.ladder(name, key, chosen).some((known) => identity(known) === value);
      chosen[key] = params[key];
      return isThere;
    });
  }
}

/** The stages of one design and scenario, each made once. */
export class Stages {
  private readonly made = new Map<string, Stage | null>();
  readonly design: AnyDesign;
  private readonly scenario: string;
  private readonly noLess: "at all" | "than the defaults";

  /** `noLess`: how far down bounds may go; below its defaults not every design is one. */
  constructor(design: AnyDesign, scenario: string, noLess: "at all" | "than the defaults" = "at all") {
    this.design = design;
    this.scenario = scenario;
    this.noLess = noLess;
  }

  /** The least that a bound may be; null for a name, which is not more or less than another. */
  least(bound: string): number | null {
    const rule = this.design.bounds[bound]!;
    if ("values" in rule) return null;
    return this.noLess === "than the defaults" ? rule.default : Math.min(1, rule.default);
  }

  /** Null where the design cannot be at these bounds: they are too small for what the scenario is given, say. */
  at(bounds: Bounds): Stage | null {
    const key = JSON.stringify(bounds);
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const stage = this.make(bounds);
    this.made.set(key, stage);
    return stage;
  }

  private make(bounds: Bounds): Stage | null {
    try {
      return new Stage(this.design, bounds, this.scenario);
    } catch (error) {
      if (error instanceof UsageError || error instanceof ModelError || error instanceof RangeError)
        return null;
      throw error;
    }
  }
}
