/** The language in which a model is written: everything that its author imports, and nothing else. */
export {
  bool,
  id,
  ids,
  location,
  maybe,
  oneOf,
  per,
  pointing,
  position,
  positions,
  record,
  tracked,
  upTo,
} from "./language/domain.ts";
export type { Id, Row, Table, ValueOf } from "./language/domain.ts";
export { callsOf, change, disabled, goTo, local, retry } from "./language/call.ts";
export type { Given, Step } from "./language/call.ts";
export { live, warnOn } from "./language/kernel-bug.ts";
export { design, variant, withState } from "./language/design.ts";
export type { Bounds } from "./language/design.ts";
export { folio, mutex, rwlock, srcu } from "./language/lock.ts";
export { propertiesOf } from "./language/property.ts";
export { isFailure } from "./language/outcome.ts";
export { here } from "./language/place.ts";
