/** SARIF as a reader sees it: valid by the schema of the standard, or the test fails. */
import { readFileSync } from "node:fs";
import Ajv from "ajv-draft-04";
import formats from "ajv-formats";
import { expect } from "vitest";
import type { CaseReport } from "../../checkers/report/cases.ts";
import { sarif } from "../../checkers/report/sarif.ts";
import { commandsIn } from "./samples.ts";

const schema = JSON.parse(
  readFileSync(new URL("sarif-2.1.0-rtm.5.schema.json", import.meta.url), "utf8"),
) as object;
const ajv = new Ajv.default({ strict: false, unicodeRegExp: false });
formats.default(ajv);
const validate = ajv.compile(schema);

/** The parts that are looked at. */
export interface Log {
  readonly $schema: string;
  readonly version: string;
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly Rule[] } };
    readonly automationDetails: { readonly id: string };
    readonly invocations: readonly { readonly toolExecutionNotifications?: readonly Said[] }[];
    readonly results: readonly Result[];
  }[];
}
interface Said {
  readonly message: { readonly text: string };
}
interface Rule {
  readonly id: string;
  readonly shortDescription: { readonly text: string };
  readonly fullDescription: { readonly text: string };
  readonly help: { readonly text: string };
  readonly properties: { readonly tags: readonly string[] };
}
interface Location {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string };
    readonly region: Readonly<Record<string, number>>;
  };
}
export interface Result extends Said {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly locations: readonly Location[];
  readonly codeFlows?: readonly {
    readonly message?: { readonly text: string };
    readonly threadFlows: readonly {
      readonly id?: string;
      readonly locations: readonly { readonly location: Location & Said; readonly executionOrder: number }[];
    }[];
  }[];
  readonly partialFingerprints: { readonly primaryLocationLineHash: string };
}

export const noSources = (): null => null;

export function logOf(report: CaseReport): Log {
  const text = sarif(report, "0.1.0", noSources);
  const log = JSON.parse(text) as Log;
  expect(validate(log) ? [] : validate.errors).toEqual([]);
  expect(commandsIn(text)).toEqual([]);
  return log;
}

export const resultsOf = (log: Log): readonly Result[] => log.runs.flatMap(({ results }) => results);
