/**
 * Calls drawn from their domains, parameter by parameter: at bounds where all of them cannot be listed. Legal values mostly, one odd value now and then, and
 * the sets of `also`; of legal values often one that a call before had, so that calls meet.
 */
import type { AnyCall, Chosen } from "../../spec/language/call.ts";
import type { Scenario } from "../../spec/language/design.ts";
import { scenarioOf, type Scene } from "../explore/bounded.ts";
import { inScenario, valuesOf, type Values } from "../explore/instances.ts";
import { Program } from "../explore/program.ts";
import { makeInstance, type Instance } from "../explore/sequential.ts";
import type { Random } from "./random.ts";

const ODD = 0.12;
const ALSO = 0.04;
const AGAIN = 0.5;

/** What earlier calls of a run were made with, by the name of the parameter. */
export type Recent = Map<string, unknown>;

/** One call of a scene. */
interface Source {
  readonly name: string;
  readonly call: AnyCall;
  readonly program: Program;
  readonly params: readonly (readonly [string, Values])[];
  readonly also: readonly Chosen[];
  readonly passes: (params: Chosen) => boolean;
}

export class Drawing {
  /** The calls that can be drawn. */
  readonly names: readonly string[];
  private readonly sources: ReadonlyMap<string, Source>;
  private readonly scene: Scene;
  private readonly legalOnly: boolean;

  constructor(scene: Scene) {
    const { design } = scene;
    const scenario = scenarioOf(design, scene.scenario);
    this.scene = scene;
    this.legalOnly = scenario.legal === true;
    const calls = Object.entries(design.calls).filter(([name, call]) => inScenario(name, call, scenario));
    this.sources = new Map(calls.map(([name, call]) => [name, sourceOf(name, call, scenario, scene)]));
    this.names = [...this.sources.keys()];
  }

  callOf(name: string): AnyCall {
    return this.sources.get(name)!.call;
  }

  /**
   * `lowness`: how much sooner than others the first of many values come up, from 0 on: so slots, frames and pages of several calls meet
   * where there are many of each. Null where the parameters that came up are none that the scenario tries.
   */
  draw(name: string, random: Random, recent: Recent, lowness: number): Instance | null {
    const source = this.sources.get(name)!;
    const params = this.params(source, random, recent, lowness);
    if (params === null || !source.passes(params)) return null;
    return makeInstance(name, source.call, params, this.scene.sizes, source.program);
  }

  /** The call with the values that are picked of those that its parameters may have; `odd`: which of them is to be an odd one. */
  picked(name: string, picks: readonly number[], odd: number | null): Instance | null {
    const source = this.sources.get(name)!;
    const params = this.chosen(source, odd, (values, at) => values[picks[at]! % values.length]);
    if (params === null || !source.passes(params)) return null;
    return makeInstance(name, source.call, params, this.scene.sizes, source.program);
  }

  private params(source: Source, random: Random, recent: Recent, lowness: number): Chosen | null {
    const { params, also } = source;
    if (!this.legalOnly && also.length > 0 && random.chance(ALSO)) return random.of(also);
    const odd = params.length === 0 || !random.chance(ODD) ? null : random.below(params.length);
    return this.chosen(source, odd, (values, _, key) => {
      const last = recent.get(key);
      const isAgain = recent.has(key) && random.chance(AGAIN) && values.includes(last);
      return isAgain ? last : random.low(values, lowness);
    });
  }

  /** Null where a parameter has no value behind those before it. */
  private chosen(
    { params }: Source,
    odd: number | null,
    choose: (values: readonly unknown[], at: number, key: string) => unknown,
  ): Chosen | null {
    const { m } = this.scene;
    const chosen: Record<string, unknown> = {};
    for (const [at, [key, values]] of params.entries()) {
      const strange = at === odd && !this.legalOnly ? values.odd(m, chosen) : [];
      const among = strange.length > 0 ? strange : values.legal(m, chosen);
      if (among.length === 0) return null;
      chosen[key] = choose(among, at, key);
    }
    return chosen;
  }
}

function sourceOf(name: string, call: AnyCall, scenario: Scenario, { m, sizes }: Scene): Source {
  const only = Object.entries(scenario.only?.[name] ?? {});
  return {
    name,
    call,
    program: new Program(name, call, sizes),
    params: Object.entries(call.takes).map(([key, param]) => [key, valuesOf(param as never, sizes)] as const),
    also: call.also(m),
    passes: (params) => only.every(([key, keep]) => keep(params[key] as never, params)),
  };
}
