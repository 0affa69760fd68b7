/** An access that the domain of a state does not allow, found where it is made. */
import { here } from "../../spec/language/place.ts";
import { ModelError } from "../../spec/language/verdict.ts";

const CAUSE =
  "an index computed past the end, -1 or null from a search that found nothing, a field that was renamed";

export class Misuse extends ModelError {
  private readonly what: string;

  /** `what`: "reads on[7]; …". */
  constructor(what: string, place = here("/checkers/")) {
    super(`a condition, a lock or a view ${what}`, place, CAUSE);
    this.what = what;
  }

  /** The same, with who does it. */
  by(who: string): ModelError {
    return new ModelError(`${who} ${this.what}`, this.place, CAUSE);
  }
}
