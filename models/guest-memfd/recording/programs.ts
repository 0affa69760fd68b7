/**
 * Programs that are made up for real kernels. A program has its own universe (how many frames, pages, slots, how often a call is odd) and its
 * own frequencies of groups of calls, as swarm testing does (Groce et al., ISSTA 2012): what a program leaves out is room for the rest.
 */
import { MADV_HWPOISON, MADV_POPULATE_WRITE, MADV_SOFT_OFFLINE } from "../../../spec/abi/files.ts";
import type { Licence, Programs } from "../../../spec/programs.ts";
import type { Header, RecordedStep } from "../../../spec/recording.ts";
import { probes } from "./claims.ts";
import { Draw } from "./draw.ts";
import { FILE_CALLS } from "./random-files.ts";
import { MEMORY, mayAdvise, poison, set } from "./random-memory.ts";
import { OBJECTS, anon, createGuestMemfd, createVcpu, createVm } from "./random-objects.ts";
import { smaller, without } from "./smaller.ts";
import { GROUPS, PAGE, World, type Group, type Maker, type Mapping, type Universe } from "./world.ts";

const MAKERS: readonly Maker[] = [...OBJECTS, ...MEMORY, ...FILE_CALLS];

const POISON: Maker = {
  op: "madvise",
  weight: 3,
  group: "windows",
  can: mayAdvise,
  make: poison,
};

/** Small enough that things meet, and large enough for neighbours: a group of eight frames is what shadow paging maps at once. */
function universeOf(d: Draw): Universe {
  return {
    frames: d.of([8, 4, 8, 16]),
    filePages: d.of([4, 8, 2, 8, 16]),
    slotPages: d.of([3, 8, 4, 8, 1]),
    slotIds: d.of([
      [0, 1, 2, 3],
      [0, 1],
      [0, 1, 2, 3, 4, 5, 6],
    ]),
    vcpus: 1 + d.below(3),
    files: d.of([1, 2, 0, 3]),
    odd: d.of([8, 4, 16, 50]),
  };
}

/** The calls that live is made of are in every program. */
const ALWAYS: readonly Group[] = ["regions", "guest"];

function frequencies(d: Draw): ReadonlyMap<Group, number> {
  return new Map(
    GROUPS.map((group) => [group, d.of(ALWAYS.includes(group) ? [2, 2, 6] : [2, 2, 2, 6, 0])] as const),
  );
}

function program(
  header: Header,
  [first = [], ...rows]: readonly (readonly number[])[],
  licence: Licence,
): readonly RecordedStep[] {
  const d = new Draw(first);
  const universe = universeOf(d);
  const frequency = frequencies(d);
  const world = new World(header, universe);
  const steps = beginning(world, d);
  const makers = licence.poison ? [...MAKERS, POISON] : MAKERS;
  for (const row of rows) {
    const draw = new Draw(row);
    world.begin(draw);
    const possible = makers
      .filter((maker) => maker.can(world))
      .map((maker) => [maker.weight * frequency.get(maker.group)!, maker] as const);
    steps.push(draw.weighted(possible).make(world, draw));
  }
  return steps;
}

/** VMs, vCPUs and ordinary memory, some of it written, so that it is there and can be told from a file's. */
function beginning(w: World, d: Draw): RecordedStep[] {
  const steps: RecordedStep[] = [];
  const vms = d.of([1, 1, 2, 3]);
  for (let i = 0; i < vms; i++) steps.push(createVm(w, d));
  for (let i = 0; i < w.universe.vcpus; i++) steps.push(createVcpu(w, d));
  steps.push(anon(w, 16));
  const [memory] = w.maps;
  if (d.below(3) > 0) steps.push(populate(memory!));
  const written = d.of([0, 2, 6]);
  for (let i = 0; i < written; i++)
    steps.push({ op: "host_write", map: memory!.name, offset: d.below(16) * PAGE, value: w.value() });
  for (let i = 0; i < w.universe.files; i++) steps.push(createGuestMemfd(w, d));
  const slots = d.of([1, 2, 3, 0]);
  for (let i = 0; i < slots; i++) steps.push(set(w, d, d.of(w.vms)));
  return steps;
}

/** As a process has that has used its memory. */
function populate({ name, pages }: Mapping): RecordedStep {
  return { op: "madvise", map: name, offset: 0, length: pages * PAGE, advice: MADV_POPULATE_WRITE };
}

function poisons(steps: readonly RecordedStep[]): boolean {
  return steps.some(
    ({ op, advice }) => op === "madvise" && (advice === MADV_HWPOISON || advice === MADV_SOFT_OFFLINE),
  );
}

export const programs: Programs = { width: 24, program, without, smaller, poisons, probes };
