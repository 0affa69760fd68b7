/** What of a model a helper is used by. */
import { ts } from "ts-morph";
import { kindOf } from "../kind.ts";
import { fieldName } from "../meaning.ts";
import type { Piece } from "../module.ts";
import type { Sources } from "../sources.ts";

export interface Use {
  /** `property one-binding-per-offset › holds` */
  readonly role: string;
  /** Helpers on the way, outermost first. */
  readonly through: readonly string[];
}

export class Uses {
  private readonly sources: Sources;
  private readonly pieces: readonly Piece[];
  private users: ReadonlyMap<Piece, readonly Piece[]> | undefined;

  constructor(sources: Sources, pieces: readonly Piece[]) {
    this.sources = sources;
    this.pieces = pieces;
  }

  /** The nearest call, property or design that comes to a place. */
  of(piece: Piece, node: ts.Node): Use {
    const own = named(piece, node);
    if (own.kind !== "helper") return { role: `${own.kind} ${own.name}`, through: [] };
    const seen = new Set([piece]);
    let ways: readonly (readonly Piece[])[] = [[piece]];
    while (ways.length > 0) {
      for (const way of ways) {
        const { kind, name } = named(way[0]!, way[0]!.node);
        if (kind !== "helper")
          return { role: `${kind} ${name}`, through: way.slice(1).map((one) => named(one, one.node).name) };
      }
      ways = ways.flatMap((way) =>
        (this.usersOf(way[0]!) ?? [])
          .filter((user) => !seen.has(user) && seen.add(user))
          .map((user) => [user, ...way]),
      );
    }
    return { role: `helper ${own.name}`, through: [] };
  }

  private usersOf(piece: Piece): readonly Piece[] | undefined {
    this.users ??= this.findUsers();
    return this.users.get(piece);
  }

  private findUsers(): ReadonlyMap<Piece, readonly Piece[]> {
    const users = new Map<Piece, Piece[]>();
    for (const user of this.pieces)
      for (const reference of user.references)
        for (const used of this.sources.targets(user.module, reference).pieces)
          users.set(used, [...(users.get(used) ?? []), user]);
    return users;
  }
}

/** What a place in a piece is of. */
function named({ id, module, node: top }: Piece, node: ts.Node): ReturnType<typeof kindOf> {
  const path: string[] = [];
  for (let at = node; at !== top; at = at.parent) {
    const name = ts.isPropertyAssignment(at) || ts.isMethodDeclaration(at) ? fieldName(at.name) : null;
    if (name !== null) path.unshift(name);
  }
  return kindOf(id.slice(module.path.length + 1), top, path);
}
