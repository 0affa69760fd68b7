/**
 * Paths of orbits made into paths of states. The search knows of each step only the call that it made in a canonical state; the state that
 * the same steps reach from the start is an image of that one, and the call to make there is the image of the call. Nothing is kept for this in
 * the search: the permutation is found again from the states.
 */
import { KernelBug } from "../../spec/language/kernel-bug.ts";
import type { AnyProperty, Made } from "../../spec/language/property.ts";
import type { Outcome } from "../../spec/language/outcome.ts";
import type { Bounded } from "../explore/bounded.ts";
import type { Codec } from "../explore/codec.ts";
import type { Found } from "../explore/explored.ts";
import { canonical as withoutDead } from "../explore/walk.ts";
import type { Canonical } from "./canonical.ts";
import { IDENTITY, compose, inverse, permuteValue, type Permutation } from "./group.ts";
import { Instances, type Meanings } from "./params.ts";
import type { Over } from "./probe.ts";

/** The same breach in the run as it is: a path of calls from the start, and what is broken there. */
export function concrete(
  subject: Bounded,
  meanings: Meanings,
  codec: Codec,
  canonical: Canonical,
  found: Found,
): Found {
  const walk = new Walk(subject, meanings, codec, canonical);
  const path = found.path.map((k) => walk.take(k));
  if (walk.bug !== null) return { ...found, path, why: walk.bug };
  const asked = subject.properties.find(({ property }) => property.name === found.property);
  const instance = asked?.instances.find((over) => walk.isFound(asked.property, over));
  // Where nothing is broken here, the replay of the trace will say so.
  if (asked === undefined || instance === undefined) return { ...found, path };
  return { ...found, path, instance, why: walk.why(asked.property, instance) ?? found.why };
}

class Walk {
  /** The bug of the kernel in which the walk ended. */
  bug: string | null = null;
  /** Makes the state at hand the canonical one of the search. */
  private by: Permutation = IDENTITY;
  private readonly subject: Bounded;
  private readonly meanings: Meanings;
  private readonly codec: Codec;
  private readonly canonical: Canonical;
  private readonly instances: Instances;
  private state: object;
  private previous: object;
  private made: Made | null = null;

  constructor(subject: Bounded, meanings: Meanings, codec: Codec, canonical: Canonical) {
    this.subject = subject;
    this.meanings = meanings;
    this.codec = codec;
    this.canonical = canonical;
    this.instances = new Instances(subject);
    this.state = this.previous = subject.start;
    this.by = this.settled(IDENTITY);
  }

  /** Makes the call that is in the state at hand what call `k` is in the canonical one: its number. */
  take(k: number): number {
    const { design, sizes, m } = this.subject;
    const to = this.instances.image(k, this.meanings, inverse(this.by));
    const { name, call, params, run } = this.instances.list[to]!;
    const draft = structuredClone(this.state);
    try {
      const result = run(draft, m) as Outcome;
      this.made = { call: name, by: call.by, params, result };
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error;
      this.bug = error.message;
      return to;
    }
    this.previous = this.state;
    this.state = withoutDead(design.state, sizes, draft) as object;
    this.by = this.settled(this.by);
    return to;
  }

  /** First `by`, then what makes the image canonical. */
  private settled(by: Permutation): Permutation {
    const image = permuteValue(this.subject.design.state, this.state, by) as object;
    const words = new Int32Array(this.codec.words);
    this.codec.pack(image, words, 0);
    return compose(by, this.canonical.witness(words, 0));
  }

  /** Whether a property is broken where the walk ended, or reached. */
  isFound(property: AnyProperty, over: Over): boolean {
    const { was, view } = this;
    if (property.kind === "step") {
      if (this.made === null || property.when?.(was, this.made, over) === false) return false;
      return !property.holds(was, this.made, view, over);
    }
    if (property.when?.(view, over) === false) return false;
    return property.holds(view, over) === (property.kind === "sometimes");
  }

  why(property: AnyProperty, over: Over): string | undefined {
    try {
      if (property.kind === "always") return property.why?.(this.view, over);
      return property.kind === "step" ? property.why?.(this.was, this.made!, this.view, over) : undefined;
    } catch {
      return undefined;
    }
  }

  private get view(): unknown {
    return this.subject.design.view(this.state, this.subject.m);
  }
  private get was(): unknown {
    return this.subject.design.view(this.previous, this.subject.m);
  }
}
