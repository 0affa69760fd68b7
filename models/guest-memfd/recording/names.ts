/** The names of a program's things: which step makes them, and programs with others in their place. */
import type { RecordedStep } from "../../../spec/recording.ts";

type Steps = readonly RecordedStep[];

/** Things that can stand for one another. */
export type Kind = "vm" | "vcpu" | "file" | "map";
export const NAMES: readonly Kind[] = ["vm", "vcpu", "file", "map"];

/** By operation that makes one: the argument that names it. */
const MADE: Readonly<Record<string, readonly [Kind, string]>> = {
  create_vm: ["vm", "vm"],
  create_vcpu: ["vcpu", "vcpu"],
  create_guest_memfd: ["file", "file"],
  memfd_create: ["file", "file"],
  dup: ["file", "as"],
  anon: ["map", "map"],
  mmap: ["map", "map"],
};

interface Made {
  readonly kind: Kind;
  readonly name: string;
  /** The step that makes it. */
  readonly at: number;
}

function made(steps: Steps): readonly Made[] {
  return steps.flatMap((step, at) => {
    const found = MADE[step.op];
    return found === undefined ? [] : [{ kind: found[0], name: String(step[found[1]]), at }];
  });
}

function renamed(step: RecordedStep, names: ReadonlyMap<string, string>): RecordedStep {
  const rename = (value: unknown): unknown =>
    typeof value === "string" ? (names.get(value) ?? value) : value;
  const copy: Record<string, unknown> = { ...step };
  for (const field of ["vm", "vcpu", "file", "as", "map", "guest_memfd"])
    if (field in copy) copy[field] = rename(copy[field]);
  const address = copy["userspace_addr"];
  if (typeof address === "object" && address !== null)
    copy["userspace_addr"] = { ...address, map: rename((address as { readonly map: string }).map) };
  return copy as RecordedStep;
}

/** Programs in which an earlier thing stands for a later one, which is not made. */
export function* merged(
  steps: Steps,
  kind: Kind,
): Iterable<{ readonly from: string; readonly into: string; readonly to: Steps }> {
  const of = made(steps).filter((thing) => thing.kind === kind);
  for (const [i, { name: from, at }] of of.entries()) {
    for (const { name: into } of of.slice(0, i)) {
      const names = new Map([[from, into]]);
      yield { from, into, to: steps.flatMap((step, n) => (n === at ? [] : [renamed(step, names)])) };
    }
  }
}

const PREFIX: Readonly<Record<Kind, string>> = { vm: "", vcpu: "c", file: "F", map: "m" };

/** Names from the first on, in the order in which things are made; null where they are. */
export function namesInOrder(steps: Steps): Steps | null {
  const names = new Map<string, string>();
  const count: Record<Kind, number> = { vm: 0, vcpu: 0, file: 0, map: 0 };
  for (const { kind, name } of made(steps)) {
    const number = ++count[kind];
    names.set(name, kind === "vm" ? String.fromCharCode(64 + number) : `${PREFIX[kind]}${number}`);
  }
  if ([...names].every(([from, to]) => from === to)) return null;
  return steps.map((step) => renamed(step, names));
}
