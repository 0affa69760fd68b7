import { test } from "@fast-check/vitest";
import fc from "fast-check";
import { commands, from } from "gmemcheck/fuzz";
import { template } from "../../models/proposals/template.ts";

const bounds = { vms: 2, pages: 4 };

test.prop([commands(template, bounds)], { seed: 1 })(
  "random runs break no promise of the template",
  (calls) => fc.modelRun(from(template, bounds), calls),
);
