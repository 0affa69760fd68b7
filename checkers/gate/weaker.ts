/**
 * Whether a changed promise lets through what the old one rejected: the old one is asked together with the new one, in the very states
 * of a design that breaks it, as one property that fails where the old says no and the new does not.
 */
import type { AnyDesign, Vector } from "../../spec/language/design.ts";
import type { AnyProperty, Made } from "../../spec/language/property.ts";
import { sceneOf } from "../explore/bounded.ts";

type Of = Readonly<Record<string, number>>;
type View = any;

/** A promise as both trees have it; `now` is null where it is gone. */
export interface Promised {
  readonly was: AnyProperty;
  readonly now: AnyProperty | null;
}

/** The name of what fails where the new promise accepts more. */
export const WEAKER = "accepted now";
/** The name of what fails where it accepts less. */
export const STRICTER = "rejected now";

/** The design with two questions in the place of its promises: where the new promise accepts more, and where less. */
export function asking(design: AnyDesign, vector: Vector, { was, now }: Promised): AnyDesign {
  const old = rejecting(design, vector, was);
  const fresh = now === null ? null : rejecting(design, vector, now);
  const statements: AnyProperty[] = [];
  if (old !== null) statements.push(differing(WEAKER, old, fresh));
  if (fresh !== null) statements.push(differing(STRICTER, fresh, old));
  return { ...design, promises: [], statements };
}

/** A state, or a step to it. */
interface Met {
  readonly before: View;
  readonly made: Made | null;
  readonly after: View;
}

/** A promise at some bounds. */
interface Rejecting {
  readonly property: AnyProperty;
  /** The names of what it is quantified over. */
  readonly over: string;
  readonly instances: readonly Of[];
  readonly rejects: (met: Met, of: Of) => boolean;
}

/** Null where the design's view does not answer the promise's questions: it rejects nothing then. */
function rejecting(design: AnyDesign, vector: Vector, property: AnyProperty): Rejecting | null {
  const [asked] = sceneOf({ ...design, promises: [property], statements: [] }, vector).properties;
  if (asked === undefined || asked.unanswered.length > 0) return null;
  const { instances } = asked;
  const over = Object.keys(property.over).join();
  if (property.kind === "step") {
    const rejects = ({ before, made, after }: Met, of: Of): boolean =>
      made !== null &&
      (property.when === undefined || property.when(before, made, of)) &&
      !property.holds(before, made, after, of);
    return { property, over, instances, rejects };
  }
  const holds = ({ after }: Met, of: Of): boolean => property.holds(after, of);
  const applies = ({ after }: Met, of: Of): boolean =>
    property.when === undefined || property.when(after, of);
  if (property.kind === "always")
    return { property, over, instances, rejects: (met, of) => applies(met, of) && !holds(met, of) };
  // A `sometimes` is weaker when more states will do: it rejects what does not yet reach it.
  const reaches = (met: Met): boolean => instances.some((of) => applies(met, of) && holds(met, of));
  return { property, over: "", instances: [{}], rejects: (met) => !reaches(met) };
}

/** Fails where the first one rejects and the second one does not. */
function differing(name: string, one: Rejecting, other: Rejecting | null): AnyProperty {
  const { property } = one;
  // What both are asked of has one name: a state is compared page by page. Otherwise it is rejected by whatever instance.
  const accepts = (met: Met, of: Of): boolean =>
    other === null ||
    (other.over === one.over
      ? !other.rejects(met, of)
      : !other.instances.some((its) => other.rejects(met, its)));
  const differs = (met: Met, of: Of): boolean => one.rejects(met, of) && accepts(met, of);
  const { says, source, place } = property;
  const over = one.over === "" ? {} : property.over;
  const head = { name, says, source, place, over, ...(property.ofOnePage && { ofOnePage: true as const }) };
  if (property.kind === "step") {
    return {
      ...head,
      kind: "step",
      ...(property.asksResults && { asksResults: true }),
      holds: (before: View, made, after: View, of) => !differs({ before, made, after }, of),
      why: (before: View, made, after: View, of) => property.why?.(before, made, after, of) ?? "",
    };
  }
  return {
    ...head,
    kind: "always",
    ...(property.kind === "always" && property.anytime && { anytime: true }),
    holds: (after: View, of) => !differs({ before: after, made: null, after }, of),
    why: (after: View, of) => (property.kind === "always" ? (property.why?.(after, of) ?? "") : ""),
  };
}
