/** Where a reader is, as the part of the address behind `#`: `#step=3`, and in a branch of one's own `#step=4&take=3:begin.7`. */

/** A choice that a branch takes: at which moment, and the key of what is taken there. */
export interface Pick {
  readonly at: number;
  readonly key: string;
}

export interface Place {
  readonly step: number;
  readonly picks: readonly Pick[];
}

/** What an address says; null where it says nothing of a step. */
export function placeOf(hash: string): Place | null {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const step = params.get("step");
  if (step === null || !/^\d{1,9}$/.test(step)) return null;
  const picks = params.getAll("take").flatMap((text) => {
    const [, at, key] = /^(\d{1,9}):(.+)$/su.exec(text) ?? [];
    return at === undefined || key === undefined ? [] : [{ at: Number(at), key }];
  });
  return { step: Number(step), picks };
}

export function hashOf({ step, picks }: Place): string {
  const takes = picks.map(({ at, key }) => `&take=${encodeURIComponent(`${at}:${key}`)}`);
  return `#step=${step}${takes.join("")}`;
}
