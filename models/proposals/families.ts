/** The discussions that led to the ABI, in the order in which they were held. */
import type { Family } from "./family.ts";
import { confidential } from "../technology/confidential/family.ts";
import { memfileFamily } from "./memfile/family.ts";
import { restrictedmemFamily } from "./restrictedmem/family.ts";
import { gmemSoloFamily } from "./gmem-solo/family.ts";
import { libraryFamily } from "./library/family.ts";

export const families: readonly Family[] = [
  memfileFamily,
  restrictedmemFamily,
  gmemSoloFamily,
  libraryFamily,
  confidential,
];
