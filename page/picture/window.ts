/** The part of a long list that is in sight: the rest is not drawn. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** In px, from the top of what is scrolled. */
export interface Sight {
  readonly top: number;
  readonly bottom: number;
}

/** All of it: for what is printed or mailed. */
export const WHOLE: Sight = { top: 0, bottom: Infinity };

/** Drawn beyond what is in sight, so that scrolling shows no gaps, in px. */
const MARGIN = 400;

export function useSight(of: RefObject<HTMLElement | null>, isWhole: boolean): Sight {
  const [sight, setSight] = useState<Sight>({ top: 0, bottom: 1200 });
  useLayoutEffect(() => {
    const element = of.current;
    if (element === null || isWhole) return;
    const look = (): void => {
      const { scrollTop, clientHeight } = element;
      // In steps, so that not every pixel draws anew.
      const top = Math.floor(scrollTop / MARGIN) * MARGIN - MARGIN;
      setSight((was) => (was.top === top ? was : { top, bottom: top + 3 * MARGIN + clientHeight }));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    return () => element.removeEventListener("scroll", look);
  }, [isWhole]);
  return isWhole ? WHOLE : sight;
}

/** Scrolls as far as is needed to see a stretch, and not at all where it is in sight. */
export function reveal(element: HTMLElement, top: number, bottom: number): void {
  const { scrollTop, clientHeight } = element;
  if (top < scrollTop) element.scrollTop = Math.max(0, top - clientHeight / 4);
  else if (bottom > scrollTop + clientHeight) element.scrollTop = bottom - (clientHeight * 3) / 4;
}
