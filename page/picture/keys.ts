/** Keys that step through a trace, wherever on the page the reader is; where a key has a meaning of its own, it keeps it. */

type Move = (index: number, last: number) => number;

const MOVES: Readonly<Record<string, Move>> = {
  ArrowLeft: (index) => index - 1,
  ArrowRight: (index) => index + 1,
  Home: () => 0,
  End: (_index, last) => last,
};

/** Where a key leads to; null where it leads nowhere. */
export function moved(event: KeyboardEvent, index: number, last: number): number | null {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return null;
  const move = Object.hasOwn(MOVES, event.key) ? MOVES[event.key] : undefined;
  if (move === undefined || isTyping(event.target)) return null;
  return Math.max(0, Math.min(last, move(index, last)));
}

/** Fields take these keys themselves; a drawing that is wider than its frame is scrolled by them. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("input, textarea, select, [contenteditable]") !== null) return true;
  const scroller = target.closest("[data-scrolls]");
  return scroller !== null && scroller === target && scroller.scrollWidth > scroller.clientWidth;
}
