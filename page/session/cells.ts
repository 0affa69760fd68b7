/** The cells of a design's own state, one by one, as text: every design has them, whatever its view can be asked. */
import type { AnyDomain } from "../../spec/language/domain.ts";
import type { Change } from "../../spec/language/trace.ts";
import { isDead, show } from "../../checkers/explore/walk.ts";
import type { StateCell } from "./picture.ts";
import type { Spoken } from "./marks.ts";

/** Which index of each kind a cell belongs to: `{ vms: 0, gfns: 1 }`. */
type Coordinates = Readonly<Record<string, number>>;

/** `changes`: those of the steps up to here, the last one's at the end. */
export function cellsOf(
  domain: AnyDomain,
  state: unknown,
  changes: readonly (readonly Change[])[],
  spoken: readonly Spoken[],
): StateCell[] {
  const history = new History(changes);
  const found: StateCell[] = [];
  const visit = (of: AnyDomain, value: unknown, path: string, at: Coordinates): void => {
    const { shape } = of;
    switch (shape.kind) {
      case "tracked":
      case "location":
      case "pointing":
        return visit(shape.of, value, path, at);
      case "record":
        for (const [name, field] of Object.entries(shape.fields))
          if (!isDead(shape, name, value))
            visit(
              field,
              (value as Record<string, unknown>)[name],
              path === "" ? name : `${path}.${name}`,
              at,
            );
        return;
      case "per": {
        const { index } = shape;
        const bound = index.shape.kind === "index" ? index.shape.bound : "";
        (value as readonly unknown[]).forEach((element, i) =>
          visit(shape.of, element, `${path}[${i}]`, { ...at, [bound]: i }),
        );
        return;
      }
      case "maybe":
        if (value !== null) return visit(shape.of, value, path, at);
    }
    const { since, before } = history.of(path);
    const marked = spoken.find((one) => one.isOfCell(at))?.text ?? null;
    found.push({ path, value: show(value), before, since, changed: before !== null, marked });
  };
  visit(domain, state, "", {});
  return found;
}

/** When each cell was written last. What stands in a cell that came or went as a whole came with it. */
export class History {
  private readonly written = new Map<string, number>();
  private readonly last: ReadonlyMap<string, string>;

  constructor(steps: readonly (readonly Change[])[]) {
    for (const [i, changes] of steps.entries()) for (const { cell } of changes) this.written.set(cell, i + 1);
    this.last = new Map((steps.at(-1) ?? []).map(({ cell, from }) => [cell, show(from)]));
  }

  of(path: string): { readonly since: number; readonly before: string | null } {
    let since = 0;
    let before: string | null = null;
    for (const whole of wholes(path)) {
      since = Math.max(since, this.written.get(whole) ?? 0);
      before ??= this.last.get(whole) ?? null;
    }
    return { since, before };
  }
}

/** `a[0].b`: itself, `a[0]`, `a`. */
function wholes(path: string): string[] {
  const found = [path];
  for (let at = path.length - 1; at > 0; at--)
    if (path[at] === "." || path[at] === "[") found.push(path.slice(0, at));
  return found;
}
