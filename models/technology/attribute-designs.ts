/** What the mutants of memory attributes, and of what is zapped for them, are deltas of. */
import { hostFault, hostFaultUnderInvalidateLock } from "./host-fault.ts";
import { hugePages, readingAttributes } from "./huge-pages.ts";
import { mirrorRoot } from "./mirror-root.ts";
import { reservedAttributes } from "./reserved-attributes.ts";

export const attributeDesigns = [
  hugePages,
  readingAttributes,
  mirrorRoot,
  reservedAttributes,
  hostFault,
  hostFaultUnderInvalidateLock,
];
