/** Racing blocks worth running: calls that meet on one page, drawn by what they are about. */
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  MADV_DONTNEED,
  MADV_HWPOISON,
  PROT_READ,
  PROT_WRITE,
} from "../../../spec/abi/files.ts";
import {
  GUEST_MEMFD_FLAG_INIT_SHARED,
  GUEST_MEMFD_FLAG_MMAP,
  KVM_MEMORY_ATTRIBUTE_PRIVATE,
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_X86_DEFAULT_VM,
} from "../../../spec/abi/kvm.ts";
import type { Licence } from "../../../spec/programs.ts";
import type { MadeRace, Races } from "../../../spec/races.ts";
import type { Header, RecordedStep } from "../../../spec/recording.ts";
import { Draw } from "./draw.ts";

const PAGE = 4096;
const PUNCH = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
const PRIVATE = Number(KVM_MEMORY_ATTRIBUTE_PRIVATE);
const MMAP = Number(GUEST_MEMFD_FLAG_MMAP);
const BOTH = Number(GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED);

/** The first page of a group of eight has no slot: shadow paging, which maps neighbours ahead of time, then gives up at once. */
const GROUP = 256 * PAGE;
const frame = (i: number): number => GROUP + (1 + i) * PAGE;
/** Frames of slots 0, 1 and 2, two each; of the slot whose dirty pages are logged; of the one that gives vCPUs their roots. */
const [DIRTY, PLAIN] = [6, 16];
const FILE_PAGES = 4;
const AREA_PAGES = 8;

/** What one thread is about. */
type Kind =
  | "hole"
  | "guest"
  | "host"
  | "delete"
  | "rebind"
  | "bind"
  | "close"
  | "munmap"
  | "dontneed"
  | "convert"
  | "pre-fault"
  | "mapping"
  | "dirty log"
  | "dirty"
  | "poison";

/** What is worth running against each other, with weights. */
const THEMES: readonly (readonly [number, readonly Kind[]])[] = [
  [3, ["hole", "guest", "host"]],
  [2, ["hole", "guest"]],
  [2, ["hole", "host"]],
  [1, ["hole", "hole", "guest"]],
  [1, ["hole", "mapping"]],
  [2, ["rebind", "guest"]],
  [2, ["rebind", "guest", "hole"]],
  [1, ["rebind", "host", "guest"]],
  [1, ["delete", "hole", "guest"]],
  [2, ["bind", "bind", "guest"]],
  [1, ["bind", "bind"]],
  [1, ["bind", "hole", "guest"]],
  [2, ["delete", "bind", "guest"]],
  [2, ["close", "delete", "guest"]],
  [1, ["close", "bind"]],
  [1, ["close", "hole", "guest"]],
  [1, ["munmap", "close", "guest"]],
  [1, ["munmap", "hole", "guest"]],
  [1, ["munmap", "mapping", "hole"]],
  [1, ["dontneed", "host", "guest"]],
  [1, ["dontneed", "hole", "host"]],
  [3, ["convert", "guest", "hole"]],
  [2, ["convert", "guest"]],
  [2, ["convert", "convert", "guest"]],
  [1, ["convert", "rebind", "guest"]],
  [2, ["pre-fault", "convert", "hole"]],
  [2, ["pre-fault", "delete"]],
  [1, ["pre-fault", "rebind", "guest"]],
  [1, ["pre-fault", "close", "hole"]],
  [2, ["dirty log", "dirty"]],
  [1, ["dirty log", "dirty", "dirty"]],
  [3, ["poison", "hole"]],
  [3, ["poison", "hole", "host"]],
  [2, ["poison", "guest"]],
  [1, ["poison", "hole", "guest"]],
  [1, ["poison", "host", "guest"]],
  [1, ["poison", "delete", "guest"]],
];

/** What was decided before the threads. */
interface Scene {
  readonly draw: Draw;
  readonly type: number;
  readonly flags: number;
  /** The mapping of the file, where there is one. */
  readonly mapped: boolean;
  readonly kinds: readonly Kind[];
  /** The page of slot 0 on which all meet. */
  readonly page: number;
  /** The most steps of a thread. */
  readonly most: number;
}

/** Slot 0 shows the file from its second page on. */
const FIRST = 1;
const gpaOf = ({ page }: Scene): number => frame(page);
const offsetOf = ({ page }: Scene): number => (FIRST + page) * PAGE;
const vcpu = (thread: number): string => `c${thread}`;

const has =
  (...kinds: readonly Kind[]) =>
  (scene: { readonly kinds: readonly Kind[] }): boolean =>
    kinds.some((kind) => scene.kinds.includes(kind));

const bind = (slot: number, at: number, file: number, pages = 2): RecordedStep => ({
  op: "set_user_memory_region2",
  vm: "A",
  slot,
  as_id: 0,
  flags: Number(KVM_MEM_GUEST_MEMFD),
  guest_phys_addr: frame(at),
  memory_size: pages * PAGE,
  userspace_addr: { map: "z", offset: at * PAGE },
  guest_memfd: "F",
  guest_memfd_offset: file * PAGE,
});
const ordinary = (slot: number, at: number, behind: number, flags: number): RecordedStep => ({
  ...bind(slot, at, 0, 1),
  flags,
  userspace_addr: { map: "z", offset: behind * PAGE },
  guest_memfd: null,
});
const remove = (slot: number): RecordedStep => ({
  ...bind(slot, 0, 0, 0),
  flags: 0,
  guest_phys_addr: 0,
  userspace_addr: 0,
  guest_memfd: null,
});
const fallocate = (mode: number, offset: number, len: number): RecordedStep => ({
  op: "fallocate",
  file: "F",
  mode,
  offset,
  len,
});
const convert = (address: number, size: number, attributes: number): RecordedStep => ({
  op: "set_memory_attributes",
  vm: "A",
  address,
  size,
  attributes,
  flags: 0,
});
const advise = (offset: number, advice: number): RecordedStep => ({
  op: "madvise",
  map: "m",
  offset,
  length: PAGE,
  advice,
});
const map = (name: string): RecordedStep => ({
  op: "mmap",
  map: name,
  file: "F",
  offset: 0,
  length: FILE_PAGES * PAGE,
  prot: PROT_READ | PROT_WRITE,
  share: "shared",
});
const guestRead = (name: string, gpa: number): RecordedStep => ({ op: "guest_read", vcpu: name, gpa });
const hostRead = (name: string, offset: number): RecordedStep => ({ op: "host_read", map: name, offset });
const hostWrite = (name: string, offset: number, value: number): RecordedStep => ({
  op: "host_write",
  map: name,
  offset,
  value,
});

function some(scene: Scene, step: (i: number) => RecordedStep): RecordedStep[] {
  return Array.from({ length: 1 + scene.draw.below(scene.most) }, (_, i) => step(i));
}

/** A value of its own for each write of a thread. */
const valueOf = (thread: number, i: number): number => 20 + 10 * thread + i;

function access({ draw }: Scene, thread: number, i: number, gpa: number): RecordedStep {
  const name = vcpu(thread);
  if (draw.below(2) === 0) return guestRead(name, gpa);
  return { op: "guest_write", vcpu: name, gpa, value: valueOf(thread, i) };
}

function hostAccess(scene: Scene, name: string, thread: number, i: number): RecordedStep {
  const at = offsetOf(scene);
  return scene.draw.weighted<RecordedStep>([
    [4, hostRead(name, at)],
    [4, hostWrite(name, at, valueOf(thread, i))],
    [1, { op: "host_read_syscall", map: name, offset: at }],
  ]);
}

type Recipe = (scene: Scene, thread: number) => readonly RecordedStep[];

const RECIPES: Readonly<Record<Kind, Recipe>> = {
  hole: (scene) =>
    some(scene, () =>
      scene.draw.weighted<RecordedStep>([
        [4, fallocate(PUNCH, offsetOf(scene), PAGE)],
        [2, fallocate(PUNCH, 0, FILE_PAGES * PAGE)],
        [1, fallocate(FALLOC_FL_KEEP_SIZE, offsetOf(scene), PAGE)],
      ]),
    ),
  guest: (scene, thread) =>
    some(scene, (i) => access(scene, thread, i, scene.draw.rarely(5) ? frame(1 - scene.page) : gpaOf(scene))),
  host: (scene, thread) => some(scene, (i) => hostAccess(scene, "m", thread, i)),
  delete: () => [remove(0)],
  rebind: ({ draw, most }) =>
    most === 1
      ? [remove(0)]
      : [
          remove(0),
          draw.weighted([
            [3, bind(0, 0, 2)],
            [2, bind(0, 0, FIRST)],
            [1, bind(0, 1, FIRST)],
          ] as const),
        ],
  // Slots 1 and 2 want pages and frames that overlap, those of slot 0 too.
  bind: ({ draw }, thread) => [
    draw.weighted([
      [3, bind(1 + (thread % 2), 2 + 2 * (thread % 2), thread % 2)],
      [2, bind(1 + (thread % 2), 2 + (thread % 2), 2 * (thread % 2))],
      [2, bind(1, 2, FIRST)],
    ] as const),
  ],
  close: () => [{ op: "close", file: "F" }],
  munmap: () => [{ op: "munmap", map: "m" }],
  dontneed: (scene) => some(scene, () => advise(offsetOf(scene), MADV_DONTNEED)),
  convert: (scene, thread) =>
    some(scene, (i) =>
      convert(
        scene.draw.rarely(3) ? frame(0) : gpaOf(scene),
        (scene.page === 0 && scene.draw.rarely(3) ? 2 : 1) * PAGE,
        (i + thread) % 2 === 0 ? 0 : PRIVATE,
      ),
    ),
  "pre-fault": (scene, thread) => [
    {
      op: "pre_fault_memory",
      vcpu: vcpu(thread),
      gpa: frame(0),
      size: (1 + scene.draw.below(2)) * PAGE,
      flags: 0,
    },
    ...(scene.draw.rarely(3) ? [access(scene, thread, 0, gpaOf(scene))] : []),
  ],
  mapping: (scene, thread) => [
    map(`m${thread}`),
    hostAccess(scene, `m${thread}`, thread, 0),
    ...(scene.draw.rarely(3) ? [{ op: "munmap", map: `m${thread}` }] : []),
  ],
  "dirty log": (scene) => some(scene, () => ({ op: "get_dirty_log", vm: "A", slot: 3, as_id: 0 })),
  dirty: (scene, thread) => some(scene, (i) => access(scene, thread, i, frame(DIRTY))),
  poison: (scene, thread) => [
    ...(scene.draw.below(2) === 0 ? [hostWrite("m", offsetOf(scene), valueOf(thread, 0))] : []),
    advise(offsetOf(scene), MADV_HWPOISON),
    ...(scene.draw.rarely(3) ? [hostAccess(scene, "m", thread, 1)] : []),
  ],
};

/** What a thread needs: the mapping of a file that may be mapped, private memory, calls that there are. */
function isPossible(header: Header, { poison }: Licence, kinds: readonly Kind[]): boolean {
  const need = (...of: readonly Kind[]): boolean => has(...of)({ kinds });
  if (need("host", "munmap", "dontneed", "mapping", "poison") && sharedType(header) === undefined)
    return false;
  if (need("convert") && privateType(header) === undefined) return false;
  if (need("pre-fault") && !header.pre_fault_memory) return false;
  return poison || !need("poison");
}

function sharedType({ bindable_vm_types: types, guest_memfd_flags: flags }: Header): number | undefined {
  return types.find((type) => (flags[type]! & BOTH) === BOTH);
}

function privateType({ bindable_vm_types: types, memory_attributes }: Header): number | undefined {
  return memory_attributes === 0 ? undefined : types.find((type) => type !== KVM_X86_DEFAULT_VM);
}

function vmFor(header: Header, draw: Draw, kinds: readonly Kind[]): { type: number; flags: number } {
  const [shared, other] = [sharedType(header), privateType(header)];
  const needsShared = has("host", "munmap", "dontneed", "mapping", "poison")({ kinds });
  const isPrivate = has("convert")({ kinds }) || shared === undefined;
  if (needsShared || other === undefined || !(isPrivate || draw.rarely(3)))
    return { type: shared!, flags: BOTH };
  return { type: other, flags: draw.rarely(3) ? header.guest_memfd_flags[other]! & MMAP : 0 };
}

function sceneOf(header: Header, draw: Draw, licence: Licence): Scene {
  const kinds = draw.weighted(THEMES.filter(([, of]) => isPossible(header, licence, of)));
  const { type, flags } = vmFor(header, draw, kinds);
  return {
    draw,
    type,
    flags,
    mapped: (flags & BOTH) === BOTH,
    kinds,
    page: draw.rarely(3) ? 1 : 0,
    most: kinds.length === 2 || draw.rarely(3) ? 3 : 2,
  };
}

/** What the page has before the threads begin. */
function contents(scene: Scene): readonly RecordedStep[] {
  const { draw, mapped } = scene;
  return draw.weighted<readonly RecordedStep[]>([
    [3, [{ op: "guest_write", vcpu: "d", gpa: gpaOf(scene), value: 1 }]],
    [mapped ? 3 : 0, [hostWrite("m", offsetOf(scene), 2)]],
    [1, [fallocate(FALLOC_FL_KEEP_SIZE, offsetOf(scene), PAGE)]],
    [1, []],
  ]);
}

function setup(scene: Scene): RecordedStep[] {
  const { draw, type, flags, mapped, kinds } = scene;
  const vcpus = [...kinds.keys()]
    .filter((t) => ["guest", "dirty", "pre-fault"].includes(kinds[t]!))
    .map(vcpu);
  const bound = !has("bind")(scene) || has("delete")(scene) || draw.rarely(3);
  const isPrivate = type !== KVM_X86_DEFAULT_VM && (!has("convert")(scene) || !draw.rarely(3));
  const warm = !draw.rarely(4);
  return [
    { op: "create_vm", vm: "A", type },
    { op: "anon", map: "z", size: AREA_PAGES * PAGE },
    { op: "create_guest_memfd", file: "F", vm: "A", size: FILE_PAGES * PAGE, flags },
    ...(mapped ? [map("m")] : []),
    ...[...vcpus, "d"].map((name) => ({ op: "create_vcpu", vcpu: name, vm: "A" })),
    // Each page behind a slot shows by its byte that it is not the file's.
    ...Array.from({ length: DIRTY }, (_, i) => hostWrite("z", i * PAGE, 200 + i)),
    ...(has("dirty")(scene) ? [ordinary(3, DIRTY, DIRTY, Number(KVM_MEM_LOG_DIRTY_PAGES))] : []),
    ...(warm ? [ordinary(7, PLAIN, AREA_PAGES - 1, 0)] : []),
    ...(warm ? vcpus.map((name) => guestRead(name, frame(PLAIN))) : []),
    ...(bound ? [bind(0, 0, FIRST)] : []),
    ...(isPrivate ? [convert(frame(0), 2 * PAGE, PRIVATE)] : []),
    ...(bound ? contents(scene) : []),
  ];
}

/** What can tell the outcomes apart when all is over. */
function final(scene: Scene): RecordedStep[] {
  const { draw, mapped } = scene;
  const hosts = mapped && !has("munmap")(scene);
  const ask = (chance: number, ...steps: readonly RecordedStep[]): readonly RecordedStep[] =>
    draw.below(chance) === 0 ? steps : [];
  const other = draw.below(2) === 0;
  return [
    guestRead("d", gpaOf(scene)),
    ...(hosts ? [hostRead("m", offsetOf(scene))] : []),
    ...(has("bind")(scene) ? [2, 4].map((at) => guestRead("d", frame(at))) : []),
    ...(has("dirty")(scene) ? [RECIPES["dirty log"]({ ...scene, most: 1 }, 0)[0]!] : []),
    ...(other ? ask(2, hostRead("z", scene.page * PAGE)) : []),
    ...(has("convert")(scene)
      ? ask(2, convert(gpaOf(scene), PAGE, PRIVATE), guestRead("d", gpaOf(scene)))
      : []),
    ...(has("delete", "rebind", "bind", "close")(scene) ? ask(2, remove(0), bind(0, 0, FIRST)) : []),
  ];
}

function race(header: Header, naturals: readonly number[], licence: Licence): MadeRace {
  const scene = sceneOf(header, new Draw(naturals), licence);
  return {
    title: scene.kinds.join(" against "),
    setup: setup(scene),
    threads: scene.kinds.map((kind, thread) => RECIPES[kind](scene, thread)),
    final: final(scene),
  };
}

/** Simpler values of an argument. */
function simplerValues(name: string, value: unknown): readonly unknown[] {
  if (typeof value === "object" && value !== null) return [0];
  if (typeof value !== "number") return [];
  if (["size", "length", "len", "memory_size"].includes(name)) return value > PAGE ? [PAGE] : [];
  if (["offset", "guest_memfd_offset"].includes(name)) return value > 0 ? [0] : [];
  return name === "value" && value > 1 ? [1] : [];
}

export const races: Races = {
  width: 48,
  race,
  *simpler(step) {
    for (const [name, value] of Object.entries(step))
      for (const simple of simplerValues(name, value)) yield { ...step, [name]: simple };
  },
};
