/** The page of reports: the reports, and from each broken promise and each difference to its traces, which run when they are looked at. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { parseJson } from "../../checkers/input.ts";
import { open } from "../entry/open.ts";
import { oneLine } from "../../checkers/report/clean.ts";
import { Problem } from "../picture/problem.tsx";
import { TraceView } from "../picture/trace-view.tsx";
import { DiffView } from "./diff-view.tsx";
import { Here, routeOf, type Route } from "./links.ts";
import { ReportBody } from "./report-body.tsx";
import { opened, type Designs } from "./sessions.ts";
import type { Shown, ShownTrace } from "./shown.ts";
import { StepsText } from "./steps-text.tsx";

interface Props {
  readonly shown: Shown;
  readonly designs: Designs;
}

export function ReportView({ shown, designs }: Props): JSX.Element {
  const route = useRoute();
  useScroll(route);
  return (
    <Here.Provider value={shown}>
      <Routed route={route} shown={shown} designs={designs} />
    </Here.Provider>
  );
}

function Routed({ route, shown, designs }: Props & { readonly route: Route }): JSX.Element {
  switch (route.to) {
    case "trace": {
      const trace = shown.traces[route.number];
      if (trace === undefined) return <Lost />;
      return <TracePart key={`trace ${route.number}`} of={trace} number={route.number} designs={designs} />;
    }
    case "difference": {
      const difference = shown.differences[route.number];
      if (difference === undefined) return <Lost />;
      return (
        <div class="page" key={`difference ${route.number}`}>
          <Back />
          <DiffView of={difference} number={route.number} designs={designs} />
        </div>
      );
    }
    case "reports":
      return (
        <div class="page">
          <ReportBody shown={shown} />
        </div>
      );
  }
}

function Back(): JSX.Element {
  return (
    <nav class="back" aria-label="Report">
      <a href="#">← the report</a>
    </nav>
  );
}

/** Addresses are written by hand, too. */
function Lost(): JSX.Element {
  return (
    <div class="page">
      <Back />
      <Problem
        text={"There is nothing of this number in the report.\n  usual cause: an address of another report"}
      />
    </div>
  );
}

interface TraceProps {
  readonly of: ShownTrace;
  readonly number: number;
  readonly designs: Designs;
}

function TracePart({ of, number, designs }: TraceProps): JSX.Element {
  const { session, problem } = useMemo(() => opened(of, designs), [of, designs]);
  if (session === null) {
    return (
      <div class="page">
        <Back />
        <Problem text={problem} />
        <h1>
          {oneLine(of.design)}: {oneLine(of.what)}
        </h1>
        <StepsText of={of} />
      </div>
    );
  }
  const bring = (text: string, name: string) => open(session.design, parseJson(text, name), name);
  return (
    <>
      <div class="page lead">
        <Back />
      </div>
      <TraceView session={session} again="" open={bring} address={`trace=${number}&`} />
    </>
  );
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const read = (): void => setHash(location.hash);
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return useMemo(() => routeOf(hash), [hash]);
}

/** Who comes back to the report is where he left it; a trace begins at its top. */
function useScroll({ to }: Route): void {
  const left = useRef(0);
  useLayoutEffect(() => {
    if (to !== "reports") return scrollTo(0, 0);
    scrollTo(0, left.current);
    const note = (): void => void (left.current = scrollY);
    addEventListener("scroll", note);
    return () => removeEventListener("scroll", note);
  }, [to]);
}
