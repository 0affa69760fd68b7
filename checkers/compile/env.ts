/** Names in scope: those of what is translated, and behind them what the function captured when it was made. */
import type { Source } from "./source.ts";
import type { Binding, Scope, Value } from "./value.ts";

export class Env implements Scope {
  readonly source: Source;
  private readonly parent: Scope | null;
  private readonly self: Value | null;
  private readonly names = new Map<string, Binding>();

  constructor(source: Source, parent: Scope | null, self: Value | null = null) {
    this.source = source;
    this.parent = parent;
    this.self = self;
  }

  bind(name: string, binding: Binding): void {
    this.names.set(name, binding);
  }

  find(name: string): Binding | undefined {
    return this.names.get(name) ?? this.parent?.find(name);
  }

  receiver(): Value | null {
    return this.self ?? this.parent?.receiver() ?? null;
  }
}
