/** Which failure is being shrunk: the same property, for an instance of the same shape. Another property that breaks is another failure. */
import type { AnyDomain } from "../../spec/language/domain.ts";
import type { Breach } from "../../spec/language/trace.ts";
import type { Scene } from "../explore/bounded.ts";
import { Asking } from "./asking.ts";

/** The scene in which nothing is asked but what a breach says, up to names. */
export function askingOnly(scene: Scene, like: Breach): Scene {
  const properties = scene.properties.flatMap((asked) => {
    if (asked.property.name !== like.property) return [];
    const { over } = asked.property;
    const shape = shapeOf(over, like.instance);
    return [{ ...asked, instances: asked.instances.filter((one) => shapeOf(over, one) === shape) }];
  });
  return { ...scene, properties };
}

export function askingOf(scene: Scene, like: Breach): Asking {
  return new Asking(askingOnly(scene, like), (name) => name === like.property, new Set());
}

/** Which of the names of an instance are equal: equal texts are equal shapes. */
function shapeOf(
  over: Readonly<Record<string, AnyDomain>>,
  instance: Readonly<Record<string, number>>,
): string {
  const boundOf = ({ shape }: AnyDomain): string => (shape.kind === "index" ? shape.bound : shape.kind);
  const entries = Object.entries(over);
  const firstLike = ([key, domain]: readonly [string, AnyDomain]): number =>
    entries.findIndex(([other, of]) => boundOf(of) === boundOf(domain) && instance[other] === instance[key]);
  return entries.map(firstLike).join(",");
}
