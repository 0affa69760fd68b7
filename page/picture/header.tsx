/** Who the trace is of, which promise it breaks, and how to see it again. */
import type { JSX } from "preact";
import { certificateText } from "../../checkers/report/certificate.ts";
import { oneLine } from "../../checkers/report/clean.ts";
import { statementOf } from "../../checkers/report/explain.ts";
import { stepsText } from "../../checkers/explore/mode.ts";
import type { Session } from "../session/session.ts";
import { Copy } from "./copy.tsx";

interface Props {
  readonly session: Session;
  /** The command that runs the trace again; "" where there is none. */
  readonly again: string;
  readonly isStatic?: boolean;
}

export function Header({ session, again, isStatic = false }: Props): JSX.Element {
  const { design, trace, property, moments, differences } = session;
  const steps = stepsText(trace, moments.length - 1);
  const statement = property === null ? undefined : statementOf(property, design);
  const last = moments.at(-1)!;
  const isThere = property !== null && last.breaches.some((broken) => broken.property === property);
  return (
    <header>
      <p class="kind">
        <span class="brand">gmemcheck</span> {oneLine(design.name)}
      </p>
      {property === null ? (
        <h1>A run of {steps}</h1>
      ) : (
        <h1>
          <span class="cross" aria-hidden="true">
            ✗
          </span>{" "}
          {oneLine(property)}{" "}
          <span class="verdict">
            is {isThere ? "" : "not "}broken after {steps}
          </span>
        </h1>
      )}
      {statement !== undefined && (
        <blockquote>
          <p>{oneLine(statement.says)}</p>
          <p class="source">{oneLine(statement.source)}</p>
        </blockquote>
      )}
      <Facts session={session} />
      {differences.length > 0 && <Differences texts={differences} />}
      {again !== "" && (
        <p class="again">
          <span>Again: </span>
          <code>{oneLine(again)}</code>
          {!isStatic && <Copy text={again} />}
        </p>
      )}
    </header>
  );
}

function Facts({ session: { design, trace, bounds } }: { readonly session: Session }): JSX.Element {
  const { certificate } = trace;
  const known = (design.knownBreaches ?? []).filter((one) => one.property === trace.breach?.property);
  return (
    <dl class="facts">
      <dt>Design</dt>
      <dd>{oneLine(design.says)}</dd>
      <dt>Bounds</dt>
      <dd>{oneLine(bounds)}</dd>
      {known.map(({ says, source }) => (
        <>
          <dt>Known</dt>
          <dd>{oneLine(`${says} [${source}]`)}</dd>
        </>
      ))}
      {certificate !== undefined && (
        <>
          <dt>Minimum</dt>
          <dd>{certificateText(certificate)}</dd>
        </>
      )}
    </dl>
  );
}

function Differences({ texts }: { readonly texts: readonly string[] }): JSX.Element {
  return (
    <div class="warning" role="note">
      <strong>Not what the file says:</strong>
      <ul>
        {texts.map((text) => (
          <li>{oneLine(text)}</li>
        ))}
      </ul>
    </div>
  );
}
