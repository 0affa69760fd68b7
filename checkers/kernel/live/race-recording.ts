/** Findings of racing blocks as lines of a recording, which `conform` reads. */
import type { Header } from "../../../spec/recording.ts";
import { recordingText } from "../json-lines.ts";
import type { RaceFinding } from "./races.ts";

/** A block that did not come back has no outcomes: `failed` says why, with the console. */
export function raceRecording(header: Header, findings: readonly RaceFinding[]): string {
  const blocks = findings.map(({ what, smallest: { race, trial } }, i) => {
    const { setup, threads, final, observed } = trial.block;
    return {
      id: `race-${header.kernel}-${i + 1}`,
      set: "races",
      title: `${what}: ${race.title}`,
      setup,
      threads,
      final,
      iterations: observed.reduce((sum, { count }) => sum + count, 0),
      observed,
      ...(trial.kind === "failed" ? { failed: trial.silence } : {}),
    };
  });
  return recordingText(header, "races", blocks);
}
