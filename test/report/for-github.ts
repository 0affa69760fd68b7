/** What code scanning requires of SARIF beyond the schema. */
import { expect } from "vitest";
import type { Log } from "./sarif-log.ts";

/** Paths of what is empty and must not be. */
function emptyStrings(value: unknown, path = ""): string[] {
  if (value === "") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => emptyStrings(inner, `${path}/${key}`));
}

/** What GitHub's documents say that its upload needs, beyond the schema. */
export function expectForGitHub(log: Log): void {
  expect(emptyStrings(log)).toEqual([]);
  expect(log).toMatchObject({ version: "2.1.0", $schema: expect.stringMatching(/^https:.*sarif-2\.1\.0/) });
  for (const { tool, results, automationDetails } of log.runs) {
    expect(tool.driver.name).toBe("gmemcheck");
    expect(automationDetails.id).toMatch(/^gmemcheck\/[\w.=,/-]*\/$/);
    for (const { id, shortDescription, fullDescription, help, properties } of tool.driver.rules) {
      for (const text of [id, shortDescription.text, fullDescription.text, help.text])
        expect(text).toMatch(/\S/);
      expect(fullDescription.text.length).toBeLessThanOrEqual(1024);
      expect(properties.tags.length).toBeLessThanOrEqual(20);
    }
    for (const { message, locations, ruleId, ruleIndex, partialFingerprints } of results) {
      expect(message.text).toMatch(/\S/);
      expect(locations).toHaveLength(1);
      const { startLine, startColumn, endLine, endColumn } = locations[0]!.physicalLocation.region;
      for (const at of [startLine, startColumn, endLine, endColumn]) expect(at).toBeGreaterThanOrEqual(1);
      expect([endLine! > startLine!, endColumn! > startColumn!]).toContain(true);
      expect(tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
      expect(partialFingerprints.primaryLocationLineHash).toMatch(/^[0-9a-f]{16}:[1-9]\d*$/);
    }
  }
}
