/** Words for messages. */
import type { GuestMemory } from "../guest-memory.ts";

/** "page 3": a position as people name it. */
export function pageText(m: GuestMemory, page: number): string {
  return m.pageName?.(page) ?? `page ${page}`;
}
