/** "step 3", which leads there: by the page's script where there is one, by the address alone where there is none. */
import type { JSX } from "preact";

interface Props {
  readonly index: number;
  readonly onGo: (index: number) => void;
}

export function StepLink({ index, onGo }: Props): JSX.Element {
  const go = (event: Event): void => {
    event.preventDefault();
    onGo(index);
  };
  return (
    <a class="step-link" href={`#step=${index}`} onClick={go}>
      {index === 0 ? "the start" : `step ${index}`}
    </a>
  );
}
