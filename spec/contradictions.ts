/**
 * What a view cannot say, whatever the kernel does: an answer that is none of the vocabulary (guest-memory.ts), and answers that contradict each
 * other by its definitions. What a bug of the kernel can bring about is no contradiction, but for the promises: a binding that names a slot which
 * is gone, a page that passes for cleared and is not, an invalidation that has no end.
 */
import type {
  FileId,
  GuestMapping,
  GuestMemory,
  InodeId,
  PageState,
  SlotName,
  SlotView,
  VmId,
} from "./guest-memory.ts";

/** How many of each index a run has, by the name of its domain. */
type Sizes = Readonly<Record<string, number>>;

/** What every view of the vocabulary answers; a view that lacks one of these speaks another language. */
const REQUIRED = [
  "vmExists",
  "fileExists",
  "fileVm",
  "fileInode",
  "fileSize",
  "slot",
  "binding",
  "guestMapping",
  "pageState",
  "hostMaps",
  "hostMayMap",
] as const satisfies readonly (keyof GuestMemory)[];

export function isGuestMemory(view: unknown): view is GuestMemory {
  const answers = view as Readonly<Record<string, unknown>>;
  return typeof view === "object" && view !== null && REQUIRED.every((name) => answers[name] !== undefined);
}

/** The first contradiction in a state, in words; null where there is none. */
export function contradiction(m: GuestMemory, sizes: Sizes): string | null {
  for (const found of contradictions(m, sizes)) return found;
  return null;
}

function* contradictions(m: GuestMemory, sizes: Sizes): Generator<string> {
  yield* indices(m, sizes);
  for (const vm of m.vms) {
    yield* ofVm(m, vm);
    for (const gfn of m.gfns) yield* ofFrame(m, sizes, vm, gfn);
    yield* ofSlots(m, sizes, vm);
  }
  for (const file of all<FileId>(sizes["files"])) yield* ofFile(m, sizes, file);
  for (const inode of all<InodeId>(sizes["inodes"])) {
    yield* isBool(m.hostMayMap(inode), `hostMayMap of inode ${inode}`);
    for (const page of all<number>(sizes["pages"])) yield* ofPage(m, inode, page);
  }
}

function all<I extends number>(size = 0): I[] {
  return Array.from({ length: size }, (_, i) => i as I);
}

function* isBool(answer: unknown, question: string): Generator<string> {
  if (typeof answer !== "boolean") yield `${question} is ${text(answer)}; allowed: true or false`;
}

/** An index, or a count with `size` one more than the largest. */
function* isNumber(answer: unknown, question: string, size = Infinity): Generator<string> {
  if (Number.isInteger(answer) && (answer as number) >= 0 && (answer as number) < size) return;
  const allowed = size === Infinity ? "whole numbers from 0 on" : `0 to ${size - 1}`;
  yield `${question} is ${text(answer)}; allowed: ${allowed}`;
}

function* isOneOf(answer: unknown, question: string, allowed: readonly unknown[]): Generator<string> {
  if (!allowed.includes(answer))
    yield `${question} is ${text(answer)}; allowed: ${allowed.map(text).join(", ")}`;
}

/** Asked of what does not exist, and answered with something. */
function* isNothing(answer: unknown, question: string, what: string): Generator<string> {
  if (answer !== null && answer !== false && answer !== undefined)
    yield `${question} is ${text(answer)}, and there is no such ${what}`;
}

const text = (answer: unknown): string =>
  typeof answer === "object" && answer !== null ? JSON.stringify(answer) : String(answer);

function* indices(m: GuestMemory, sizes: Sizes): Generator<string> {
  for (const kind of ["vms", "spaces", "slots", "gfns"] as const) {
    for (const index of m[kind]) yield* isNumber(index, `one of the ${kind}`, sizes[kind]);
    if (new Set<number>(m[kind]).size < m[kind].length)
      yield `the ${kind} are ${m[kind].join(", ")}: one comes twice`;
  }
}

function* ofVm(m: GuestMemory, vm: VmId): Generator<string> {
  yield* isBool(m.vmExists(vm), `vmExists of VM ${vm}`);
  for (const question of ["vmReferences", "invalidations", "accountedPages"] as const)
    if (m[question] !== undefined) yield* isNumber(m[question](vm), `${question} of VM ${vm}`);
  if (m.strayed === undefined) return;
  yield* isBool(m.strayed(vm), `strayed of VM ${vm}`);
  if (!m.vmExists(vm)) yield* isNothing(m.strayed(vm), `strayed of VM ${vm}`, "VM");
}

function* ofFrame(m: GuestMemory, sizes: Sizes, vm: VmId, gfn: number): Generator<string> {
  const frame = `frame ${gfn} of VM ${vm}`;
  const mapping = m.guestMapping(vm, gfn);
  if (!m.vmExists(vm)) yield* isNothing(mapping, `guestMapping of ${frame}`, "VM");
  if (mapping !== null) yield* ofMapping(mapping, `guestMapping of ${frame}`, sizes);
  for (const question of ["isPrivate", "isInvalidating"] as const) {
    if (m[question] === undefined) continue;
    yield* isBool(m[question](vm, gfn), `${question} of ${frame}`);
    if (!m.vmExists(vm)) yield* isNothing(m[question](vm, gfn), `${question} of ${frame}`, "VM");
  }
  if (m.isInvalidating?.(vm, gfn) === true && m.invalidations?.(vm) === 0)
    yield `${frame} is being invalidated, and invalidations of VM ${vm} is 0`;
}

function* ofMapping(mapping: GuestMapping, question: string, sizes: Sizes): Generator<string> {
  yield* isNumber(mapping.at.inode, `${question}: its inode`, sizes["inodes"]);
  yield* isNumber(mapping.at.page, `${question}: its page`, sizes["pages"]);
  yield* isBool(mapping.private, `${question}: private`);
  yield* isBool(mapping.fromFile, `${question}: fromFile`);
}

function* ofSlots(m: GuestMemory, sizes: Sizes, vm: VmId): Generator<string> {
  for (const space of m.spaces) {
    for (const slot of m.slots) {
      const view = m.slot(vm, space, slot);
      const name = `slot ${slot} of VM ${vm}${space === 0 ? "" : ` (address space ${space})`}`;
      if (!m.vmExists(vm)) yield* isNothing(view, name, "VM");
      if (view !== null) yield* ofSlot(m, view, name, sizes);
    }
  }
}

function* ofSlot(m: GuestMemory, slot: SlotView, name: string, sizes: Sizes): Generator<string> {
  for (const flag of ["readonly", "logsDirty", "guestMemfd"] as const)
    yield* isBool(slot[flag], `${name}: ${flag}`);
  for (const number of ["base", "npages"] as const) yield* isNumber(slot[number], `${name}: ${number}`);
  if (slot.base + slot.npages > sizes["gfns"]!)
    yield `${name} has ${slot.npages} frames from ${slot.base} on; there are ${sizes["gfns"]}`;
  if (slot.file === null) return;
  yield* isNumber(slot.file, `${name}: file`, sizes["files"]);
  yield* isNumber(slot.first, `${name}: first`);
  if (!slot.guestMemfd) yield `${name} is bound to file ${slot.file}, and is no guest_memfd slot`;
  if (!m.fileExists(slot.file)) yield `${name} is bound to file ${slot.file}, and there is no such file`;
}

function* ofFile(m: GuestMemory, sizes: Sizes, file: FileId): Generator<string> {
  yield* isBool(m.fileExists(file), `fileExists of file ${file}`);
  if (m.fileReferences !== undefined)
    yield* isNumber(m.fileReferences(file), `fileReferences of file ${file}`);
  if (m.fileExists(file)) {
    yield* isOneOf(m.fileVm(file), `fileVm of file ${file}`, m.vms);
    yield* isNumber(m.fileInode(file), `fileInode of file ${file}`, sizes["inodes"]);
    yield* isNumber(m.fileSize(file), `fileSize of file ${file}`);
  }
  for (const page of all<number>(sizes["pages"])) {
    const name = m.binding(file, page);
    const question = `binding of page ${page} of file ${file}`;
    if (!m.fileExists(file)) yield* isNothing(name, question, "file");
    if (name !== null) yield* ofBinding(m, name, question);
  }
}

function* ofBinding(m: GuestMemory, name: SlotName, question: string): Generator<string> {
  yield* isOneOf(name.vm, `${question}: its VM`, m.vms);
  yield* isOneOf(name.space, `${question}: its address space`, m.spaces);
  yield* isOneOf(name.slot, `${question}: its slot`, m.slots);
}

const STATES: readonly PageState[] = ["absent", "allocated", "ready", "poisoned"];

function* ofPage(m: GuestMemory, inode: InodeId, page: number): Generator<string> {
  const name = `page ${page} of inode ${inode}`;
  yield* isOneOf(m.pageState(inode, page), `pageState of ${name}`, STATES);
  yield* isBool(m.hostMaps(inode, page), `hostMaps of ${name}`);
  if (m.hostMayMapPage !== undefined)
    yield* isBool(m.hostMayMapPage(inode, page), `hostMayMapPage of ${name}`);
  if (m.secretOf !== undefined)
    yield* isOneOf(m.secretOf(inode, page), `secretOf of ${name}`, [null, ...m.vms]);
  if (m.contentsDefined !== undefined)
    yield* isBool(m.contentsDefined(inode, page), `contentsDefined of ${name}`);
}
