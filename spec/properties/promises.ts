/** All promises, in the order in which reports list them. */
import type { Property } from "../language/property.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { accountingPromises } from "./accounting.ts";
import { bindingPromises } from "./binding.ts";
import { contentsPromises } from "./contents.ts";
import { exclusivityPromises } from "./exclusivity.ts";
import { hostAccessPromises } from "./host-access.ts";
import { lifetimePromises } from "./lifetime.ts";
import { mappingPromises } from "./mappings.ts";
import { poisonPromises } from "./poison.ts";

export const promises: readonly Property<GuestMemory>[] = [
  ...bindingPromises,
  ...exclusivityPromises,
  ...hostAccessPromises,
  ...mappingPromises,
  ...contentsPromises,
  ...lifetimePromises,
  ...poisonPromises,
  ...accountingPromises,
];
