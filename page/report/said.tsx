/** A verdict: a sign and a word, and a link where there is a trace. */
import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { Here, traceHref } from "./links.ts";
import type { TraceFile } from "./files.ts";
import { SAID, type Word } from "./words.ts";

interface Props {
  readonly word: Word;
  /** "after 6 steps" */
  readonly more?: string;
  readonly trace?: TraceFile | null;
  /** Where there is little room: the sign, and the word for those who do not see it. */
  readonly isShort?: boolean;
}

export function Verdict({ word, more = "", trace = null, isShort = false }: Props): JSX.Element {
  const href = traceHref(useContext(Here), trace);
  const { sign, tone } = SAID[word];
  const text = more === "" ? word : `${word} ${more}`;
  const said = (
    <>
      <span class="sign" aria-hidden="true">
        {sign}
      </span>
      <span class={isShort ? "unseen" : undefined}> {text}</span>
    </>
  );
  return (
    <span class={`said ${tone}`} title={isShort ? text : undefined}>
      {href === null ? said : <a href={href}>{said}</a>}
    </span>
  );
}

/** What the signs mean that occur. */
export function Signs({ words }: { readonly words: Iterable<Word> }): JSX.Element {
  const used = new Set(words);
  return (
    <ul class="signs" aria-label="What the signs mean">
      {(Object.keys(SAID) as Word[])
        .filter((word) => used.has(word))
        .map((word) => (
          <li>
            <Verdict word={word} />: {SAID[word].means}
          </li>
        ))}
    </ul>
  );
}
