/** The stored counterexamples, as sessions. */
import { readFileSync, readdirSync } from "node:fs";
import { openSession } from "../../page/session/open.ts";
import type { Session } from "../../page/session/session.ts";
import { entryNamed } from "../../models/catalogue.ts";
import type { AnyDesign } from "../../spec/language/design.ts";
import type { Breach } from "../../spec/language/trace.ts";
import { ROOT } from "../cli/gmemcheck.ts";

const FOLDER = `${ROOT}counterexamples/`;

/** `guest-memfd-7.3/linearizable.json` and all others. */
export const stored: readonly string[] = readdirSync(FOLDER).flatMap((design) =>
  readdirSync(`${FOLDER}${design}`).map((file) => `${design}/${file}`),
);

export interface Stored {
  readonly design: AnyDesign;
  readonly document: { readonly breach: Breach; readonly steps: readonly unknown[] } & Record<
    string,
    unknown
  >;
}

export async function storedOf(file: string): Promise<Stored> {
  const document = JSON.parse(readFileSync(`${FOLDER}${file}`, "utf8")) as Stored["document"];
  const entry = await entryNamed(String(document["design"]));
  return { design: entry!.design, document };
}

export async function sessionOf(file: string): Promise<Session> {
  const { design, document } = await storedOf(file);
  return openSession(design, document, file);
}
