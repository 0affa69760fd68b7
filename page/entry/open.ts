/** Opens whatever a reader may bring: a trace of the design that is there to run it, or one of another tool. */
import type { AnyDesign } from "../../spec/language/design.ts";
import { InputError } from "../../checkers/input.ts";
import { openItf } from "../session/itf.ts";
import { openSession } from "../session/open.ts";
import type { Session } from "../session/session.ts";

/** Throws InputError for what is neither. */
export function open(design: AnyDesign | null, document: unknown, where: string): Session {
  if (isItf(document)) return openItf(document, where);
  if (design !== null) return openSession(design, document, where);
  throw new InputError(
    where,
    "no trace of another tool, and there is no design here to run any other",
    "a file of another kind, or a trace that wants a page of its own: gmemcheck page",
    'ITF: {"vars": […], "states": […]}',
  );
}

/** Whether a document says of itself that it is an ITF trace. */
export function isItf(document: unknown): document is Readonly<Record<string, unknown>> {
  if (typeof document !== "object" || document === null) return false;
  return "states" in document && ("vars" in document || "#meta" in document);
}
