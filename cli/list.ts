/** `gmemcheck list`: designs, kinds, bounds, scenarios, properties. */
import type { Entry } from "../models/catalogue.ts";
import { registry } from "../models/registry.ts";
import { vectorKey } from "../checkers/explore/pin.ts";
import { wrap } from "../checkers/report/wrap.ts";
import { BUILT_IN } from "../spec/language/kernel-bug.ts";
import { FAILED_CALL } from "../spec/language/property.ts";
import { EXIT } from "./exit.ts";
import { print } from "./output.ts";

const LIST_SCHEMA_VERSION = 1;

export function list({ format }: { readonly format: "text" | "json" }): number {
  if (format === "json")
    print(JSON.stringify({ schemaVersion: LIST_SCHEMA_VERSION, designs: registry.map(entryJson) }, null, 2));
  else print(text());
  return EXIT.asExpected;
}

function entryJson({ design, kind, breaks, bug, kernel }: Entry): unknown {
  return {
    name: design.name,
    kind,
    says: design.says,
    source: design.source,
    breaks,
    ...(bug === undefined ? {} : { bug }),
    ...(kernel === undefined ? {} : { kernel }),
    bounds: design.bounds,
    scenarios: Object.fromEntries(Object.entries(design.scenarios).map(([name, { says }]) => [name, says])),
    vectors: design.vectors,
    calls: Object.entries(design.calls).map(([name, call]) => ({
      name,
      kernel: call.kernel,
      returns: call.returns,
      exits: call.exits,
    })),
    properties: [
      ...design.promises,
      ...(design.statements ?? []),
      { ...FAILED_CALL, kind: "step" },
      ...BUILT_IN.map((property) => ({ ...property, kind: "always" })),
    ].map(({ name, kind: of, says, source }) => ({ name, kind: of, says, source })),
  };
}

function text(): string {
  const parts: string[] = [];
  for (const kind of ["shipped", "benchmark", "proposal", "mutant"] as const) {
    const entries = registry.filter((entry) => entry.kind === kind);
    if (entries.length > 0) parts.push([`${kind}:`, ...entries.flatMap(entryLines)].join("\n"));
  }
  const [{ design }] = registry as [Entry, ...Entry[]];
  parts.push(
    [
      "bounds of the guest_memfd designs:",
      ...Object.entries(design.bounds).map(
        ([name, rule]) =>
          `  ${name.padEnd(8)} ${rule.says}${"values" in rule ? ` (${rule.values.join(", ")})` : `, 1 to ${rule.most}`}`,
      ),
    ].join("\n"),
  );
  parts.push(
    [
      "scenarios:",
      ...Object.entries(design.scenarios).flatMap(([name, { says }]) => wrap(`${name}: ${says}`, "  ")),
    ].join("\n"),
  );
  const latest = registry
    .filter((entry) => entry.kind === "shipped" && entry.isDelta !== true)
    .at(-1)!.design;
  parts.push(
    [
      "promises:",
      ...[...latest.promises, FAILED_CALL, ...BUILT_IN].flatMap(({ name, says }) =>
        wrap(`${name}: ${says}`, "  "),
      ),
    ].join("\n"),
  );
  return parts.join("\n\n");
}

function entryLines({ design, kind, breaks, bug }: Entry): string[] {
  const lines = wrap(`${design.name}${bug === undefined ? "" : ` (${bug})`}: ${design.says}`, "  ");
  if (kind === "mutant") return [...lines, `      caught by ${breaks.join(", ")}`];
  return [
    ...lines,
    ...design.vectors.map((vector) => `      ${vectorKey(vector)}${vector.quick ? "  (quick)" : ""}`),
  ];
}
