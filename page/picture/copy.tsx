/** A button that copies a line. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";

export function Copy({ text }: { readonly text: string }): JSX.Element {
  const [says, setSays] = useState("Copy");
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSays("Copied"),
      // A browser may refuse it to a file: the line is there to be selected.
      () => setSays("Not allowed here"),
    );
  };
  return (
    <button type="button" onClick={copy}>
      {says}
    </button>
  );
}
