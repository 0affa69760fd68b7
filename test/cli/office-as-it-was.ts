/** A design under the name of another one, as a checkout of an older version has it. */
import { office, strictOffice } from "./offices.ts";

export const wasOffice = { ...strictOffice, name: office.name };
