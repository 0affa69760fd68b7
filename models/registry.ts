/** All designs of the catalogue, loaded. */
import { catalogue, type Entry } from "./catalogue.ts";

export const registry: readonly Entry[] = (await Promise.all(catalogue.map(({ load }) => load()))).flat();

export function entryOf(name: string): Entry | undefined {
  return registry.find(({ design }) => design.name === name);
}
