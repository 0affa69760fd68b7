/** Errors of a model that only show where calls overlap: each is `invalid`, with the place, and no breach of a promise. */
import { expect, test } from "vitest";
import { disabled, goTo } from "../../spec/language.ts";
import type { AnyCall } from "../../spec/language/call.ts";
import { a, b, call, counter, overlap, readers, spec } from "./counter.ts";

type Sections = Parameters<typeof call>[0]["sections"];
const odd = (sections: Sections, closing: Sections = {}): AnyCall =>
  call({ ...spec, keeps: {}, sections, finally: closing } as never);

test.each<[string, AnyCall, string]>([
  [
    "takes a lock that it holds",
    odd({ take: { takes: () => a(0) }, again: { under: () => a(0) } }),
    'odd: section "again" takes lock_a[0], which the call already holds',
  ],
  [
    "drops a lock that it does not hold",
    odd({ drop: { drops: () => a(0) } }),
    'odd: section "drop" drops lock_a[0], which the call does not hold',
  ],
  [
    "ends with a lock held",
    odd({ take: { takes: () => a(0) }, end: () => 0, drop: { drops: () => a(0) } }),
    'odd: section "end" ends the call with lock_a[0] still held',
  ],
  [
    "leaves a lock held in what closes it",
    odd({ begin: (s) => void s }, { take: { takes: () => a(1) } }),
    'odd: section "take" ends the call with lock_a[1] still held',
  ],
  [
    "waits for what nobody can provide",
    odd({ begin: (s) => void s, wait: { until: (s) => s.count > 0 } }),
    'odd: section "wait" waits for what "wait" waits for, which nobody can provide: no other call is in flight',
  ],
  [
    "acquires two locks at once",
    odd({ both: { takes: () => [a(0), b(0)] } }),
    'odd: section "both" acquires 2 locks at once: lock_a, lock_b',
  ],
  [
    "waits for readers and acquires a lock at once",
    odd({ both: { synchronizes: () => readers(0), under: () => a(0) } }),
    'odd: section "both" acquires 2 locks at once: srcu, lock_a',
  ],
  [
    "waits for readers of whom it is one",
    odd({ enter: { takes: () => readers(0) }, wait: { synchronizes: () => readers(0) } }),
    'odd: section "wait" waits for the readers of srcu[0], of whom the call is one',
  ],
  [
    "goes round for ever in local sections",
    odd({ begin: (s) => void s, round: { local: true, run: () => goTo("round") } }),
    'odd: goTo("round") was taken 10000 times in one call',
  ],
  [
    "goes round for ever, others let in",
    odd({ "come in": (s) => void s, there: (s) => void s, back: () => goTo("there") }),
    'odd: section "there" and what follows it go round for ever, and nothing starts over',
  ],
  [
    "goes where there is no section",
    odd({ begin: () => goTo("nowhere") }),
    'odd: goTo("nowhere"), but there is no such section; there are begin',
  ],
  [
    "is disabled when it has begun",
    odd({ begin: (s) => void s, guard: () => disabled }),
    'odd: section "guard" says that the call is disabled, which has begun already',
  ],
  [
    "is disabled in a state that it has changed",
    odd({ guard: (s) => ((s.count = 1), disabled) }),
    "odd() is disabled in a state that it has changed",
  ],
  ["ends as it does not declare", odd({ end: () => "EIO" as never }), "odd() ended with EIO, which the call"],
])("a call that %s", async (_name, broken, said) => {
  const { verdict, reason } = await overlap(counter({ odd: broken }));
  expect(verdict).toBe("invalid");
  expect(reason).toContain(said);
  expect(reason).toMatch(/\n {2}at test\/interleave\/model-errors\.test\.ts:\d+\n {2}usual cause: /);
});
