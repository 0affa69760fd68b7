/**
 * A broken proposal, as an example: the template without the refusal while a page is pinned.
 *
 *     npx gmemcheck check models/proposals/forgotten-pin.ts
 */
import { change, variant } from "../../spec/language.ts";
import { template } from "./template.ts";

export const forgottenPin = variant(template, {
  name: "forgotten-pin",
  says: "a file can be made private in place; the host is unmapped, and pins are forgotten",
  source: "an example; the refusal of the template left out",
  calls: {
    convert: change(template.calls.convert, {
      never: ["EAGAIN"],
      without: ["refuse a pin"],
    }),
  },
});
