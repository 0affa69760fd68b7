/** The formats that every command with a verdict has beside its own. */
export const CASE_FORMATS = ["sarif", "junit", "tap", "ktap", "github"] as const;
export type CaseFormat = (typeof CASE_FORMATS)[number];
