/**
 * gmem-seq in Promela, for Spin: one process that loops over one `d_step` for each call with each choice of its parameters, all
 * indices written out. The invariants are four more options, which can only be taken when they are broken; they are so asked once for each state.
 */
import type { Size } from "../vectors.ts";

const all = (terms: readonly string[]): string => (terms.length === 0 ? "true" : `(${terms.join(" && ")})`);
const any = (terms: readonly string[]): string => (terms.length === 0 ? "false" : `(${terms.join(" || ")})`);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const when = (condition: string, ...steps: readonly string[]): string =>
  `if :: ${condition} -> ${steps.join("; ")} :: else fi`;

/** The flat indices of a model, and the terms that its guards are made of. */
class Terms {
  readonly size: Size;
  readonly files: readonly number[];
  readonly pages: readonly number[];
  readonly vms: readonly number[];
  readonly slots: readonly number[];
  readonly gfns: readonly number[];
  readonly allSlots: readonly number[];
  readonly allGfns: readonly number[];

  constructor(size: Size) {
    this.size = size;
    this.files = upTo(size.files);
    this.pages = upTo(size.pages);
    this.vms = upTo(size.vms);
    this.slots = upTo(size.slots);
    this.gfns = upTo(size.gfns);
    this.allSlots = upTo(size.vms * size.slots);
    this.allGfns = upTo(size.vms * size.gfns);
  }

  slotAt(vm: number, slot: number): number {
    return vm * this.size.slots + slot;
  }
  gfnAt(vm: number, gfn: number): number {
    return vm * this.size.gfns + gfn;
  }
  pageAt(file: number, page: number): number {
    return file * this.size.pages + page;
  }

  /** A slot covers a gfn. */
  covers(slot: number, gfn: number): string {
    return `(npages[${slot}] && gfn[${slot}] <= ${gfn} && ${gfn} < gfn[${slot}]+npages[${slot}])`;
  }
  /** A slot covers one of these gfns. */
  coversAny(slot: number, gfn: number, length: number): string {
    return `(npages[${slot}] && gfn[${slot}] < ${gfn + length} && ${gfn} < gfn[${slot}]+npages[${slot}])`;
  }
  /** A slot binds one of these pages. */
  bindsAny(slot: number, file: number, offset: number, length: number): string {
    const overlaps = `off[${slot}] < ${offset + length} && ${offset} < off[${slot}]+npages[${slot}]`;
    return `(npages[${slot}] && file[${slot}] == ${file} && ${overlaps})`;
  }
  /** The page that a slot has at a gfn, as an index of all pages. */
  pageIn(slot: number, gfn: number): string {
    return `file[${slot}]*${this.size.pages}+off[${slot}]+${gfn}-gfn[${slot}]`;
  }
  emptied(slot: number): string[] {
    return ["npages", "file", "off", "gfn"].map((field) => `${field}[${slot}]=0`);
  }
}

export function promela(size: Size): string {
  const terms = new Terms(size);
  const invariants = invariantsOf(terms);
  const names = Object.keys(invariants);
  return [
    "/* gmem-seq, generated */",
    ...declarations(size),
    ...names.map((name) => `#define ${name} ${all(invariants[name]!)}`),
    "active proctype guest_memfd() {",
    " do",
    ...names.map((name) => ` :: d_step { !${name} -> assert(${name}) }`),
    ...[...ofFiles(terms), ...ofSlots(terms), ...ofGfns(terms), ...ofPages(terms)],
    " od",
    "}",
    "",
  ].join("\n");
}

function declarations({ vms, files, pages, slots, gfns }: Size): string[] {
  const [allPages, allSlots, allGfns] = [files * pages, vms * slots, vms * gfns];
  return [
    `byte owner[${files}]; /* 0: there is no such file; otherwise its VM + 1 */`,
    `byte folio[${allPages}]; byte host[${allPages}];`,
    `byte file[${allSlots}]; byte off[${allSlots}]; byte gfn[${allSlots}]; byte npages[${allSlots}]; /* slots; npages 0: empty */`,
    `byte priv[${allGfns}]; byte spte[${allGfns}]; /* 0: none; 1: shared; otherwise a private page + 2 */`,
  ];
}

/** The terms of each invariant. */
function invariantsOf(t: Terms): Record<string, string[]> {
  const { pages } = t.size;
  const pairs = (of: readonly number[]): [number, number][] =>
    of.flatMap((a) => of.filter((b) => b > a).map((b): [number, number] => [a, b]));
  const ofEachGfn = (term: (spte: string, vm: number, gfn: number, at: number) => string): string[] =>
    t.vms.flatMap((vm) =>
      t.gfns.map((gfn) => {
        const at = t.gfnAt(vm, gfn);
        return `(spte[${at}] < 2 || ${term(`spte[${at}]`, vm, gfn, at)})`;
      }),
    );
  const mapsIt = (spte: string, vm: number, gfn: number): string =>
    any(
      t.slots.map((slot) => {
        const at = t.slotAt(vm, slot);
        return `(${t.covers(at, gfn)} && ${t.pageIn(at, gfn)} == ${spte}-2)`;
      }),
    );
  return {
    I1: pairs(t.allSlots).map(
      ([a, b]) =>
        `!(npages[${a}] && npages[${b}] && file[${a}] == file[${b}] && off[${a}] < off[${b}]+npages[${b}] && off[${b}] < off[${a}]+npages[${a}])`,
    ),
    I2: ofEachGfn((spte) => `!host[${spte}-2]`),
    I3: [
      ...pairs(t.allGfns).map(([a, b]) => `(spte[${a}] < 2 || spte[${a}] != spte[${b}])`),
      ...ofEachGfn((spte, vm) => `owner[(${spte}-2)/${pages}] == ${vm + 1}`),
    ],
    I4: ofEachGfn((spte, vm, gfn, at) => `(priv[${at}] && folio[${spte}-2] && ${mapsIt(spte, vm, gfn)})`),
  };
}

const option = (call: string, guard: string, steps: readonly string[]): string =>
  ` :: d_step { ${guard} -> ${steps.join("; ")} } /* ${call} */`;

function ofFiles(t: Terms): string[] {
  const { pages } = t.size;
  return t.files.flatMap((file) => {
    const [first, behind] = [2 + file * pages, 2 + (file + 1) * pages];
    const steps = [
      ...t.allSlots.map((slot) => when(`npages[${slot}] && file[${slot}] == ${file}`, ...t.emptied(slot))),
      ...t.allGfns.map((at) => when(`spte[${at}] >= ${first} && spte[${at}] < ${behind}`, `spte[${at}]=0`)),
      ...t.pages.flatMap((page) => ["folio", "host"].map((of) => `${of}[${t.pageAt(file, page)}]=0`)),
      `owner[${file}]=0`,
    ];
    return [
      ...t.vms.map((vm) => option("create", `owner[${file}] == 0`, [`owner[${file}]=${vm + 1}`])),
      option("close", `owner[${file}] != 0`, steps),
    ];
  });
}

function ofSlots(t: Terms): string[] {
  return t.vms.flatMap((vm) =>
    t.slots.flatMap((slot) => [...bindsOf(t, vm, slot), unbindOf(t, vm, t.slotAt(vm, slot))]),
  );
}

function bindsOf(t: Terms, vm: number, slot: number): string[] {
  const at = t.slotAt(vm, slot);
  const bind = (file: number, offset: number, gfn: number, length: number): string => {
    const othersOfVm = t.slots.filter((other) => other !== slot).map((other) => t.slotAt(vm, other));
    const guard = [
      `owner[${file}] == ${vm + 1}`,
      `npages[${at}] == 0`,
      ...othersOfVm.map((other) => `!${t.coversAny(other, gfn, length)}`),
      ...t.allSlots
        .filter((other) => other !== at)
        .map((other) => `!${t.bindsAny(other, file, offset, length)}`),
    ];
    const steps = [
      `file[${at}]=${file}`,
      `off[${at}]=${offset}`,
      `gfn[${at}]=${gfn}`,
      `npages[${at}]=${length}`,
    ];
    return option("bind", all(guard), steps);
  };
  const lengths = (offset: number, gfn: number): number[] =>
    upTo(Math.min(t.size.pages - offset, t.size.gfns - gfn)).map((n) => n + 1);
  return t.files.flatMap((file) =>
    t.pages.flatMap((offset) =>
      t.gfns.flatMap((gfn) => lengths(offset, gfn).map((length) => bind(file, offset, gfn, length))),
    ),
  );
}

function unbindOf(t: Terms, vm: number, at: number): string {
  const zaps = t.gfns.map((gfn) => when(t.covers(at, gfn), `spte[${t.gfnAt(vm, gfn)}]=0`));
  return option("unbind", `npages[${at}] != 0`, [...zaps, ...t.emptied(at)]);
}

function ofGfns(t: Terms): string[] {
  return t.vms.flatMap((vm) =>
    t.gfns.flatMap((gfn) => {
      const at = t.gfnAt(vm, gfn);
      const slots = t.slots.map((slot) => t.slotAt(vm, slot));
      const isCovered = any(slots.map((slot) => t.covers(slot, gfn)));
      const faultIn = (slot: number): string => {
        const page = t.pageIn(slot, gfn);
        return option("gfault", `spte[${at}] == 0 && priv[${at}] && ${t.covers(slot, gfn)}`, [
          `folio[${page}]=1`,
          `host[${page}]=0`,
          `spte[${at}]=2+${page}`,
        ]);
      };
      return [
        option("setattr", "true", [`priv[${at}]=1-priv[${at}]`, `spte[${at}]=0`]),
        ...slots.map(faultIn),
        option("gfault", `spte[${at}] == 0 && !priv[${at}] && ${isCovered}`, [`spte[${at}]=1`]),
      ];
    }),
  );
}

function ofPages(t: Terms): string[] {
  return t.files.flatMap((file) =>
    t.pages.flatMap((page) => {
      const at = t.pageAt(file, page);
      const exists = `owner[${file}] != 0`;
      const unmapped = all(t.allGfns.map((gfn) => `spte[${gfn}] != ${at + 2}`));
      const zaps = t.allGfns.map((gfn) => when(`spte[${gfn}] == ${at + 2}`, `spte[${gfn}]=0`));
      return [
        option("allocate", `${exists} && !folio[${at}]`, [`folio[${at}]=1`]),
        option("punch", `${exists} && folio[${at}]`, [`folio[${at}]=0`, `host[${at}]=0`, ...zaps]),
        option("hfault", `${exists} && !host[${at}] && ${unmapped}`, [`folio[${at}]=1`, `host[${at}]=1`]),
        option("hunmap", `host[${at}]`, [`host[${at}]=0`]),
      ];
    }),
  );
}
