/** What a promise looked at when it did not hold: the cells of the state that it read, each with the step that wrote it last. */
import type { AnyProperty } from "../../spec/language/property.ts";
import type { StateCell } from "../session/picture.ts";
import type { Broken, Session } from "../session/session.ts";

/** The cells that it read and that the run has written, the latest first; null where the promise is none of a state that can be asked again. */
export function evidenceOf(session: Session, index: number, broken: Broken): readonly StateCell[] | null {
  const read = readsOf(session, index, broken);
  if (read === null) return null;
  const { cells } = session.moments[index]!.picture;
  return cells.filter(({ path, since }) => since > 0 && read.has(path)).sort((a, b) => b.since - a.since);
}

function readsOf({ design, trace, moments }: Session, index: number, broken: Broken): Set<string> | null {
  const all: readonly AnyProperty[] = [...design.promises, ...(design.statements ?? [])];
  const property = all.find(({ name }) => name === broken.property);
  if (property === undefined) return null;
  const read = new Set<string>();
  const m: unknown = design.machine(trace.bounds);
  const viewAt = (at: number): unknown => design.view(spied(moments[at]!.state, "", read), m);
  try {
    if (property.kind !== "step") {
      property.holds(viewAt(index), broken.instance);
      return read;
    }
    const { step } = moments[index]!;
    if (step === null || step.result === null) return null;
    property.holds(viewAt(index - 1), { ...step, result: step.result }, viewAt(index), broken.instance);
    return read;
  } catch {
    // A view that does something else with the state than to read it: what it looked at is not known.
    return null;
  }
}

/** The value, which notes the paths of the cells that are read of it. */
function spied(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== "object" || value === null) {
    read.add(path);
    return value;
  }
  return new Proxy(value, {
    get(target, key, receiver) {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key === "symbol" || typeof found === "function" || !Object.hasOwn(target, key)) return found;
      if (Array.isArray(target)) return key === "length" ? found : spied(found, `${path}[${key}]`, read);
      return spied(found, path === "" ? key : `${path}.${key}`, read);
    },
  });
}
