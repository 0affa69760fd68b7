/** The discussions that led to the ABI, in the order in which they were held. */
import type { Family } from "./family.ts";
import { confidential } from "../technology/confidential/family.ts";
import { memfileFamily } from "./memfile/family.ts";
import { restrictedmemFamily } from "./restrictedmem/family.ts";
import { gmemSoloFamily } from "./gmem-solo/family.ts";
import { pageStateChangeFamily } from "./page-state-change/family.ts";
import { libraryFamily } from "./library/family.ts";
import { linkFamily } from "./link/family.ts";

export const families: readonly Family[] = [
  memfileFamily,
  restrictedmemFamily,
  gmemSoloFamily,
  pageStateChangeFamily,
  libraryFamily,
  linkFamily,
  confidential,
];
