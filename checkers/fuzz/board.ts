/** The state of a random run: a draft on which calls run, what it was before the last step, and what it is now, seen by the design's view. */
import type { Scene } from "../explore/bounded.ts";
import type { Looked } from "./asking.ts";
import { plainOf, type Plain } from "./plain.ts";

/** A state whose fields are put in its place, so that a view that was made of it once sees them. */
class Window implements Looked {
  readonly state: object = {};
  readonly view: unknown;

  constructor({ design, m, start }: Scene) {
    this.show(start);
    this.view = design.view(this.state, m);
  }

  show(state: object): void {
    Object.assign(this.state, state);
  }
}

export class Board {
  /** Calls run on it; `settle` takes up what they did, `restore` takes it back. */
  readonly draft: object = {};
  readonly before: Looked;
  readonly now: Looked;
  /** The kinds of cells that the last step changed. */
  readonly marks: Uint8Array;
  private readonly scene: Scene;
  private readonly plain: Plain;
  private readonly windows: readonly [before: Window, now: Window];

  constructor(scene: Scene) {
    this.scene = scene;
    this.plain = plainOf(scene.design.state, scene.sizes, scene.design.place);
    this.windows = [new Window(scene), new Window(scene)];
    [this.before, this.now] = this.windows;
    this.marks = new Uint8Array(this.plain.kinds.length);
  }

  reset(): void {
    this.put(this.scene.start);
  }

  /** Makes a state the one of now. */
  put(state: object): void {
    const [before, now] = this.windows;
    before.show(state);
    now.show(state);
    this.restore();
  }

  /** A state that stays as it is. */
  snapshot(): object {
    return { ...this.now.state };
  }

  restore(): void {
    Object.assign(this.draft, this.plain.copy(this.now.state));
  }

  /** Whether the draft is another state than that of now. */
  isChanged(): boolean {
    return this.plain.differ(this.now.state, this.draft, this.marks);
  }

  /** How much less there is after the last step than before it: what was closed, deleted, unmapped. */
  loss(): number {
    return this.plain.weight(this.before.state) - this.plain.weight(this.now.state);
  }

  /** The same of what was done to the draft. */
  lossOfDraft(): number {
    return this.plain.weight(this.now.state) - this.plain.weight(this.draft);
  }

  /** Takes back the last step. */
  back(): void {
    this.put(this.before.state);
  }

  /** Takes back what was done to the draft. */
  undo(): void {
    if (this.isChanged()) this.restore();
  }

  /** Takes up what the draft is now, as a step: whether it is another state. */
  settle(): boolean {
    const { plain, marks } = this;
    const [before, now] = this.windows;
    marks.fill(0);
    before.show(now.state);
    // Most calls are refused and have written nothing: then there is nothing to copy.
    if (!plain.differ(now.state, this.draft, marks)) return false;
    const next = plain.copy(this.draft);
    marks.fill(0);
    const changed = plain.differ(now.state, next, marks);
    if (changed) now.show(next);
    this.restore();
    return changed;
  }
}
