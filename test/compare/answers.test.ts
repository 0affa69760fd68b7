/** What a design answers in a state is the same whether calls are compiled or run as they are written. */
import { expect, test } from "vitest";
import { Answers } from "../../checkers/compare/answers.ts";
import { Outcomes } from "../../checkers/compare/outcomes.ts";
import { bounded } from "../../checkers/explore/bounded.ts";
import { callText } from "../../checkers/explore/instances.ts";
import { gmemSeq } from "../../models/gmem-seq.ts";
import { guestMemfd7_3 } from "../../models/guest-memfd/versions.ts";
import type { AnyDesign, Vector } from "../../spec/language/design.ts";

const STATES = 150;

test.each<[string, AnyDesign, Vector]>([
  ["gmem-seq", gmemSeq, { bounds: {} }],
  ["slots, with arguments that are wrong", guestMemfd7_3, { bounds: {}, scenario: "slots" }],
])("%s", (_name, design, vector) => {
  const subject = bounded(design, vector);
  const outcomes = new Outcomes();
  const [compiled, written] = [new Answers(subject, outcomes, 0), new Answers(subject, outcomes, Infinity)];
  const states = [compiled.start()];
  const seen = new Set([states[0]!.join()]);
  for (const state of states.slice(0)) expect(state).toEqual(written.start());
  for (let at = 0; at < Math.min(states.length, STATES); at++) {
    compiled.of(states[at]!, 0);
    written.of(states[at]!, 0);
    subject.instances.forEach(({ name, params }, k) => {
      const said = (from: Answers): unknown => {
        const next = from.at[k]!;
        const words = next < 0 ? states[at]! : from.next.slice(next, next + from.words);
        return [callText(name, params), outcomes.text(from.ended[k]!), ...words];
      };
      expect(said(compiled)).toEqual(said(written));
    });
    for (const next of written.at) {
      const packed = next < 0 ? states[at]! : written.next.slice(next, next + written.words);
      if (seen.has(packed.join())) continue;
      seen.add(packed.join());
      states.push(packed);
    }
  }
  expect(states.length).toBeGreaterThan(20);
});
