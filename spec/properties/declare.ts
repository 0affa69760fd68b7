/** The property constructors of the common promises. */
import { propertiesOf } from "../language/property.ts";
import type { GuestMemory } from "../guest-memory.ts";

export const { always, sometimes, step } = propertiesOf<GuestMemory>();
