/** What random runs of one design at some bounds share. */
import type { Scene } from "../explore/bounded.ts";
import { Asking } from "./asking.ts";
import { Board } from "./board.ts";
import { Coverage } from "./coverage.ts";
import { Drawing } from "./draw.ts";
import { Pairs } from "./pairs.ts";

export class Ground {
  readonly scene: Scene;
  readonly board: Board;
  readonly drawing: Drawing;
  readonly asking: Asking;
  readonly pairs: Pairs;
  readonly coverage: Coverage;
  /** Calls that were tried. */
  calls = 0;

  /** `isOpen`: whether a breach of a property is still looked for. */
  constructor(scene: Scene, coverage: Coverage, isOpen: (property: string) => boolean) {
    this.scene = scene;
    this.board = new Board(scene);
    this.drawing = new Drawing(scene);
    this.pairs = new Pairs(scene);
    this.coverage = coverage;
    this.asking = new Asking(scene, isOpen, coverage.sometimes);
  }
}
