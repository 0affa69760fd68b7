/** Pages in a real browser: what of it takes seconds; the rest is in chromium.large.ts. */
import { inChromium } from "./in-chromium.ts";

// One call after the other, and calls that overlap.
inChromium(["forgotten-pin/host-never-maps-private.json", "guest-memfd-7.3/linearizable.json"], false);
