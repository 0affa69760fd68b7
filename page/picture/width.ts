/** How wide a part of the page is, which drawings are laid out for; where nothing is on a screen, as wide as it is said to be. */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export function useWidth(of: RefObject<HTMLElement | null>, initially: number): number {
  const [width, setWidth] = useState(initially);
  useLayoutEffect(() => {
    const element = of.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) setWidth(element.clientWidth);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}
