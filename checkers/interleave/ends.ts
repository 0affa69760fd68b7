/**
 * Calls that never end. Every way round in the graph of the search begins no call and ends none, and has a step to a state that was found
 * before; from these, the calls in flight are followed to their end. A set of states that they can go round in for ever is a
 * breach, unless fairness forbids it: strong fairness for every actor, for the kernel's locks are queued and its scheduler runs
 * everybody, so that whoever can go on again and again does so.
 */
import { CALLS_END, KernelBug } from "../../spec/language/kernel-bug.ts";
import { disabled } from "../../spec/language/call.ts";
import { ModelError } from "../../spec/language/verdict.ts";
import { isBlocked } from "./advance.ts";
import type { Frame } from "./frame.ts";
import { go } from "./schedule.ts";
import type { Interleaving } from "./search.ts";

interface Edge {
  readonly to: number;
  /** Who steps. */
  readonly who: number;
  /** By starting over. */
  readonly retried: boolean;
}

/**
 * A state of the search with its calls told apart, which it does not do: two that are alike may go on in turn, or one of them alone,
 * and only the former is fair.
 */
interface Node {
  /** Its state in the store. */
  readonly index: number;
  /** Frames by the number of the call; 0 where it has ended. */
  readonly frames: readonly number[];
  readonly edges: Edge[];
  /** Calls in flight that cannot go on here. */
  readonly blocked: Set<number>;
}

type Graph = readonly Node[];

const SLICE = 4096;

/** Why it stopped before its end; null when it did not. */
export async function checkEnds(search: Interleaving, stop: () => string | null): Promise<string | null> {
  const nodes = new Nodes(search);
  for (const index of [...new Set(search.retreats)].sort((a, b) => a - b)) nodes.root(index);
  for (let n = 0; n < nodes.graph.length; n++) {
    nodes.expand(nodes.graph[n]!);
    if ((n + 1) % SLICE !== 0) continue;
    await new Promise((resume) => setImmediate(resume));
    const reason = stop();
    if (reason !== null) return reason;
  }
  const { graph } = nodes;
  const rounds = components([...graph.keys()], graph).flatMap((round) => fairRound(round, graph));
  const first = rounds.sort((a, b) => graph[a[0]!]!.index - graph[b[0]!]!.index)[0];
  if (first !== undefined) report(search, lasso(first, graph));
  return null;
}

class Nodes {
  readonly graph: Node[] = [];
  private readonly known = new Map<string, number>();
  private readonly search: Interleaving;

  constructor(search: Interleaving) {
    this.search = search;
  }

  root(index: number): void {
    const frames = this.search.framesAt(index).map(({ id }) => id);
    // Where a root was met from another one, its calls may stand in another order: it is a node of its own then, and does no harm.
    this.nodeOf(index, frames);
  }

  private nodeOf(index: number, frames: readonly number[]): number {
    const key = `${index}:${frames.join(",")}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.graph.length);
    return this.graph.push({ index, frames, edges: [], blocked: new Set() }) - 1;
  }

  expand({ index, frames, edges, blocked }: Node): void {
    const { search } = this;
    search.load(index);
    const flight = frames.map((id) => (id === 0 ? null : search.frames.get(id)));
    flight.forEach((frame, who) => {
      if (frame === null) return;
      const others = flight.filter((other, i): other is Frame => other !== null && i !== who);
      const step = search.tryAdvance(frame, others);
      if (step === null || step === disabled) return;
      if (isBlocked(step)) {
        blocked.add(who);
        return;
      }
      let next = 0;
      const after = frames.map((id, i) => {
        if (i === who) return step.frame?.id ?? 0;
        return id === 0 ? 0 : step.others[next++]!.id;
      });
      const to = this.nodeOf(search.indexAfter(step), after);
      edges.push({ to, who, retried: step.retried });
    });
  }
}

/** Strongly connected sets of nodes with a way round, by Tarjan's algorithm. */
function components(among: readonly number[], graph: Graph): number[][] {
  const inside = new Set(among);
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found: number[][] = [];
  for (const root of among) {
    if (order.has(root)) continue;
    const calls: { readonly at: number; edge: number }[] = [{ at: root, edge: 0 }];
    while (calls.length > 0) {
      const call = calls.at(-1)!;
      const { at } = call;
      if (call.edge === 0) {
        order.set(at, order.size);
        low.set(at, order.get(at)!);
        stack.push(at);
        onStack.add(at);
      }
      const edge = graph[at]!.edges[call.edge++];
      if (edge !== undefined) {
        if (!inside.has(edge.to)) continue;
        if (!order.has(edge.to)) calls.push({ at: edge.to, edge: 0 });
        else if (onStack.has(edge.to)) low.set(at, Math.min(low.get(at)!, order.get(edge.to)!));
        continue;
      }
      calls.pop();
      const parent = calls.at(-1);
      if (parent !== undefined) low.set(parent.at, Math.min(low.get(parent.at)!, low.get(at)!));
      if (low.get(at) !== order.get(at)) continue;
      const nodes: number[] = [];
      for (let node = -1; node !== at;) {
        node = stack.pop()!;
        onStack.delete(node);
        nodes.push(node);
      }
      const goesRound = nodes.length > 1 || graph[at]!.edges.some(({ to }) => to === at);
      if (goesRound) found.push(nodes.sort((a, b) => graph[a]!.index - graph[b]!.index || a - b));
    }
  }
  return found;
}

function edgesWithin(nodes: readonly number[], graph: Graph): Edge[] {
  const inside = new Set(nodes);
  return nodes.flatMap((at) => graph[at]!.edges.filter(({ to }) => inside.has(to)));
}

/** The parts of a strongly connected set in which going round is fair: whoever never steps there can never step there. */
function fairRound(nodes: readonly number[], graph: Graph): number[][] {
  const stepping = new Set(edgesWithin(nodes, graph).map(({ who }) => who));
  const waiting = [...graph[nodes[0]!]!.frames.keys()].filter(
    (who) => graph[nodes[0]!]!.frames[who] !== 0 && !stepping.has(who),
  );
  const stays = nodes.filter((at) => waiting.every((who) => graph[at]!.blocked.has(who)));
  if (stays.length === nodes.length) return [[...nodes]];
  return components(stays, graph).flatMap((smaller) => fairRound(smaller, graph));
}

/** A way round from the first node of a set: everybody who steps there does so. */
interface Lasso {
  readonly start: Node;
  readonly steps: readonly number[];
  /** Somebody starts over: without that, it is no waiting for others. */
  readonly retries: boolean;
}

function lasso(nodes: readonly number[], graph: Graph): Lasso {
  const inside = new Set(nodes);
  const start = nodes[0]!;
  const steps: number[] = [];
  const edges = edgesWithin(nodes, graph);
  const missing = new Set(edges.map(({ who }) => who));
  let at = start;
  const follow = (way: readonly Edge[]): void => {
    for (const edge of way) missing.delete(edge.who);
    steps.push(...way.map(({ who }) => who));
    at = way.at(-1)!.to;
  };
  while (missing.size > 0) follow(wayTo(at, graph, inside, (edge) => missing.has(edge.who)));
  if (at !== start) follow(wayTo(at, graph, inside, ({ to }) => to === start));
  return { start: graph[start]!, steps, retries: edges.some(({ retried }) => retried) };
}

/** The shortest way inside a set whose last step is a wanted one. */
function wayTo(
  from: number,
  graph: Graph,
  inside: ReadonlySet<number>,
  wanted: (edge: Edge) => boolean,
): Edge[] {
  const ways: { readonly at: number; readonly way: readonly Edge[] }[] = [{ at: from, way: [] }];
  const seen = new Set([from]);
  for (const { at, way } of ways) {
    for (const edge of graph[at]!.edges) {
      if (!inside.has(edge.to)) continue;
      if (wanted(edge)) return [...way, edge];
      if (seen.has(edge.to)) continue;
      seen.add(edge.to);
      ways.push({ at: edge.to, way: [...way, edge] });
    }
  }
  return [];
}

function report(search: Interleaving, { start, steps, retries }: Lasso): void {
  const stepping = [...new Set(steps)].map((who) => search.frames.get(start.frames[who]!));
  const names = stepping.map(({ instance }) => instance.name).join(" and ");
  if (!retries) {
    const { program, call } = stepping[0]!.instance;
    throw new ModelError(
      `${program.where(stepping[0]!.at)} and what follows it go round for ever, and nothing starts over`,
      call.place,
      "a `goTo` loop that does not come to its end; a retry, which others can end, is `retry`, not `goTo`",
    );
  }
  const bug = new KernelBug(CALLS_END, `${names} can go round for ever`);
  search.asker.askBug(
    bug,
    { at: start.index, then: [], path: scheduleOf(search, start, steps) },
    steps.length,
  );
}

/** The way to the start of a lasso, and once round. */
function scheduleOf(search: Interleaving, { index, frames }: Node, steps: readonly number[]): number[] {
  const stem = search.scheduleTo(index);
  // Which thread of the schedule each call of the node is; those with the same frame are alike there.
  const free = stem.flight.frames();
  const threads = frames.map((id) => {
    const thread = free.indexOf(id);
    free[thread] = -1;
    return thread;
  });
  return [...stem.schedule, ...steps.map((who) => go(threads[who]!))];
}
