/** Where all hands wait for each other. */
import { CELL, type Shared } from "./shared.ts";

/** Looks before a hand sleeps: phases are short where levels are. */
const SPINS = 2000;

export class Barrier {
  private readonly control: Int32Array;
  private readonly hands: number;

  constructor({ control, hands }: Shared) {
    this.control = control;
    this.hands = hands;
  }

  /** Blocks the thread until all have come. */
  wait(): void {
    const { control } = this;
    const generation = this.arrive();
    if (generation === null) return;
    while (Atomics.load(control, CELL.generation) === generation)
      Atomics.wait(control, CELL.generation, generation);
  }

  /** The same for the thread that has to hear when another one dies: `failure` is rejected then. */
  async waitOr(failure: Promise<never>): Promise<void> {
    const { control } = this;
    const generation = this.arrive();
    if (generation === null) return;
    while (Atomics.load(control, CELL.generation) === generation) {
      const waiting = Atomics.waitAsync(control, CELL.generation, generation);
      if (waiting.async) await Promise.race([waiting.value, failure]);
    }
  }

  /** The generation to wait for the end of; null where it has ended. */
  private arrive(): number | null {
    const { control, hands } = this;
    const generation = Atomics.load(control, CELL.generation);
    if (Atomics.add(control, CELL.arrived, 1) === hands - 1) {
      Atomics.store(control, CELL.arrived, 0);
      Atomics.add(control, CELL.generation, 1);
      Atomics.notify(control, CELL.generation);
      return null;
    }
    for (let i = 0; i < SPINS; i++) if (Atomics.load(control, CELL.generation) !== generation) return null;
    return generation;
  }
}
