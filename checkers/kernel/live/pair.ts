/** What a live lane compares: a kernel, a design, and how programs of its calls are played and made up. */
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { Programs } from "../../../spec/programs.ts";
import type { Header, Player, RecordedStep } from "../../../spec/recording.ts";
import { KernelBug } from "../../../spec/language/kernel-bug.ts";
import { InputError } from "../../input.ts";
import { nothing, orUnplayable, playOn, stageOf, type Ended } from "../play.ts";
import type { Kernel } from "./kernel.ts";

export interface Model {
  readonly design: AnyDesign;
  readonly player: Player;
  readonly programs: Programs;
}

export interface Pair extends Model {
  readonly kernel: Kernel;
}

/** How the steps of a program end on the design; null where nobody could make the program, or a call of it would never end. */
export function played(
  { design, player }: Model,
  header: Header,
  steps: readonly RecordedStep[],
): readonly Ended[] | null {
  try {
    const playing = orUnplayable("a program", () => player.play(header, steps));
    const stage = stageOf(design, playing);
    return playOn(stage, nothing(stage), playing, steps, "a program: steps").ended;
  } catch (error) {
    if (error instanceof InputError || error instanceof KernelBug) return null;
    throw error;
  }
}

/** A capability that the kernel's header says otherwise than the design. */
export interface Claim {
  readonly capability: string;
  readonly kernel: string;
  readonly design: string;
}

/** Where the design is of another kernel than the one that is asked. */
export function claimsOf(model: Model, header: Header): readonly Claim[] {
  return model.programs.probes(header).flatMap(({ capability, steps, has, claimed }) => {
    const answers = played(model, header, steps)?.map(({ answer }) => answer) ?? [];
    const claim = claimed(answers);
    return claim === has ? [] : [{ capability, kernel: has, design: claim }];
  });
}
