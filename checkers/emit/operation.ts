/** The arguments of recorded operations, and the answers to them, as a program in C needs them. */
import type { RecordedStep } from "../../spec/recording.ts";
import { identifier, nameText, numberText } from "./text.ts";

/** A number as the recording format writes it: JSON, or "0x…" and "-0x…". */
export function numberOf(written: unknown): bigint {
  const text = String(written);
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

const U64 = 64;
const unsigned = (written: unknown): bigint => BigInt.asUintN(U64, numberOf(written));
const signed = (written: unknown): bigint => BigInt.asIntN(U64, numberOf(written));

export type VariableKind = "fd" | "vcpu" | "map" | "vm";

/** Reads the arguments of one operation, and notes the variables that they are in. */
export class Arguments {
  readonly variables = new Map<string, VariableKind>();
  private readonly step: RecordedStep;
  /** Names that some step made, of what may be closed by now. */
  private readonly made: ReadonlySet<string>;

  constructor(step: RecordedStep, made: ReadonlySet<string>) {
    this.step = step;
    this.made = made;
  }

  value(name: string): bigint {
    return unsigned(this.step[name]);
  }

  /** An unsigned number of 64 bits. */
  number(name: string): string {
    return numberText(this.value(name));
  }

  /** A loff_t. */
  offset(name: string): string {
    return numberText(signed(this.step[name]));
  }

  named(name: string, names: Readonly<Record<string, bigint>>): string {
    return nameText(this.value(name), names);
  }

  /** Whether some step makes what the argument names. */
  isMade(name: string): boolean {
    return this.made.has(String(this.step[name]));
  }

  /** A descriptor of a VM or of a file. */
  fd(name: string): string {
    const argument = this.step[name];
    if (typeof argument === "number") return String(argument);
    return argument === null || !this.made.has(argument as string) ? "-1" : this.variable(name, kindOf(name));
  }

  /** "vm0 = " where the step makes it. */
  assigned(name: string): string {
    return succeeds(this.step) ? `${this.variable(name, kindOf(name))} = ` : "";
  }

  vcpu(): string {
    return `&${this.variable("vcpu", "vcpu")}`;
  }

  /** The variable of a thing; one that was never made has one as well. */
  variable(name: string, kind: VariableKind): string {
    const variable = identifier(String(this.step[name]));
    this.variables.set(variable, kind);
    return variable;
  }

  map(): string {
    return this.variable("map", "map");
  }

  /** A byte of a mapping. */
  at(): string {
    const offset = this.value("offset");
    return offset === 0n ? this.map() : `${this.map()} + ${numberText(offset)}`;
  }

  /** userspace_addr. */
  address(): string {
    const address = this.step["userspace_addr"];
    if (typeof address !== "object" || address === null) return numberText(unsigned(address));
    const { map, offset } = address as { readonly map: string; readonly offset: unknown };
    const variable = identifier(map);
    this.variables.set(variable, "map");
    const bytes = unsigned(offset);
    return `(uintptr_t)${variable}${bytes === 0n ? "" : ` + ${numberText(bytes)}`}`;
  }

  /** The address space is in the upper half of the number. */
  slot(): string {
    const [slot, space] = [this.number("slot"), this.value("as_id")];
    return space === 0n ? slot : `${numberText(space)} << 16 | ${slot}`;
  }
}

const kindOf = (name: string): VariableKind => (name === "vm" ? "vm" : "fd");

/** Whether the design says that the step ends well. */
export function succeeds({ result }: RecordedStep): boolean {
  return result === undefined || !("errno" in result || "signal" in result || "exit" in result);
}

/** By operation that makes something: the argument that names it. */
const MAKES: Readonly<Record<string, string>> = {
  create_vm: "vm",
  create_vcpu: "vcpu",
  create_guest_memfd: "file",
  memfd_create: "file",
  dup: "as",
};

/** The name that a step gives to what it makes; null where it makes nothing. */
export function madeBy(step: RecordedStep): string | null {
  const name = MAKES[step.op];
  return name !== undefined && succeeds(step) ? String(step[name]) : null;
}
