/** What makes a trace a minimum, in words. */
import type { Certificate } from "../../spec/language/trace.ts";

/** "each of the 5 single deletions, 3 smaller arguments, 0 fewer actors and 1 smaller bound was run again and passes" */
export function certificateText({ deletions, arguments: args, actors, bounds }: Certificate): string {
  const some = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
  return (
    `each of the ${some(deletions, "single deletion", "single deletions")}, ` +
    `${some(args, "smaller argument", "smaller arguments")}, ${some(actors, "fewer actor", "fewer actors")} and ` +
    `${some(bounds, "smaller bound", "smaller bounds")} was run again and passes`
  );
}
