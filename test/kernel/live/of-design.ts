/** A kernel that is a design: it answers programs as the design does, but where a test has it do otherwise. */
import type { Kernel } from "../../../checkers/kernel/live/kernel.ts";
import { answersOf } from "../../../checkers/kernel/play.ts";
import { player } from "../../../models/guest-memfd/recording/player.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { Header, RecordedResult, RecordedStep } from "../../../spec/recording.ts";

/** May change the answers to a program, or throw. */
export type Otherwise = (
  steps: readonly RecordedStep[],
  answers: readonly RecordedResult[],
) => readonly RecordedResult[];

export function kernelOf(
  header: Header,
  design: AnyDesign,
  otherwise: Otherwise = (_, answers) => answers,
): Kernel & { readonly asked: (readonly RecordedStep[])[] } {
  const asked: (readonly RecordedStep[])[] = [];
  return {
    header,
    where: "a test",
    asked,
    run: async (steps) => {
      asked.push(steps);
      return otherwise(steps, answersOf(header, { id: "asked", steps }, design, player, "asked"));
    },
    race: () => Promise.reject(new Error("no races here")),
    close: () => Promise.resolve(),
  };
}
