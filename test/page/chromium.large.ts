/** Every stored counterexample opens in a real browser, steps to its end, and shows there what the command line says; and all that a page can do. */
import { inChromium } from "./in-chromium.ts";
import { stored } from "./stored.ts";

inChromium(stored, true);
