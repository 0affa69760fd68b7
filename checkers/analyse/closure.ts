/** All that a piece of source comes to when it runs: what it refers to, what that refers to, and what is loaded with it. */
import { fingerprint } from "./meaning.ts";
import type { Piece } from "./module.ts";
import type { Sources } from "./sources.ts";

export interface Closure {
  /** By their ids. */
  readonly pieces: ReadonlyMap<string, Piece>;
  /** Fingerprints of packages and of data, by their names. */
  readonly leaves: ReadonlyMap<string, string>;
}

/** Follows references, and does for each piece once what many designs need. */
export class References {
  private readonly sources: Sources;
  private readonly followed = new Map<Piece, Followed>();
  private readonly loaded = new Map<string, readonly Piece[]>();

  constructor(sources: Sources) {
    this.sources = sources;
  }

  /** `alone`: pieces of which nothing is followed. */
  closure(starts: readonly Piece[], alone: readonly Piece[] = []): Closure {
    const pieces = new Map(alone.map((piece) => [piece.id, piece]));
    const leaves = new Map<string, string>();
    const open = [...starts];
    for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
      if (pieces.has(piece.id)) continue;
      pieces.set(piece.id, piece);
      const next = this.follow(piece);
      open.push(...next.pieces);
      for (const [id, content] of next.leaves) leaves.set(id, content);
    }
    return { pieces, leaves };
  }

  private follow(piece: Piece): Followed {
    const known = this.followed.get(piece);
    if (known !== undefined) return known;
    const pieces: Piece[] = [...this.effectsOf(piece.module.path)];
    const leaves: [string, string][] = [];
    for (const reference of piece.references) {
      const targets = this.sources.targets(piece.module, reference);
      pieces.push(...targets.pieces);
      for (const { id, fingerprint: content } of targets.leaves) leaves.push([id, content]);
    }
    const followed = { pieces, leaves };
    this.followed.set(piece, followed);
    return followed;
  }

  /** What runs, and declares nothing, in a module and in all that is loaded with it. */
  private effectsOf(path: string): readonly Piece[] {
    const known = this.loaded.get(path);
    if (known !== undefined) return known;
    const effects = [...this.sources.loadedWith(path)].flatMap(
      (loaded) => this.sources.module(loaded)?.effects() ?? [],
    );
    this.loaded.set(path, effects);
    return effects;
  }
}

interface Followed {
  readonly pieces: readonly Piece[];
  readonly leaves: readonly (readonly [string, string])[];
}

/** Changes when anything of it says something else. */
export function contentOfClosure({ pieces, leaves }: Closure): string {
  const lines = [
    ...[...pieces.values()].map((piece) => `${piece.id} ${piece.fingerprint}`),
    ...[...leaves].map(([id, content]) => `${id} ${content}`),
  ];
  return fingerprint(lines.sort().join("\n"));
}
