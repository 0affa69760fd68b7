/** Strongly connected sets of nodes, by Tarjan's algorithm. */

/** Edges by the node that they leave: those of node n from first[n] to before first[n + 1]. */
export interface Edges {
  readonly first: Int32Array;
  readonly to: Int32Array;
}

/** For each node, the number of its set; -1 where no way round leads through it. */
export function components({ first, to }: Edges, n: number): Int32Array {
  const found = new Int32Array(n).fill(-1);
  const order = new Int32Array(n);
  const low = new Int32Array(n);
  const onStack = new Uint8Array(n);
  const edge = new Int32Array(n);
  const stack = new Int32Array(n);
  const calls = new Int32Array(n);
  let [stacked, depth, ordered, sets] = [0, 0, 0, 0];
  const enter = (node: number): void => {
    order[node] = low[node] = ++ordered;
    edge[node] = first[node]!;
    onStack[node] = 1;
    stack[stacked++] = node;
    calls[depth++] = node;
  };
  for (let root = 0; root < n; root++) {
    if (order[root] !== 0) continue;
    enter(root);
    while (depth > 0) {
      const at = calls[depth - 1]!;
      if (edge[at]! < first[at + 1]!) {
        const next = to[edge[at]!]!;
        edge[at]!++;
        if (order[next] === 0) enter(next);
        else if (onStack[next] === 1 && order[next]! < low[at]!) low[at] = order[next]!;
        continue;
      }
      depth--;
      if (depth > 0 && low[at]! < low[calls[depth - 1]!]!) low[calls[depth - 1]!] = low[at]!;
      if (low[at] !== order[at]) continue;
      const start = stack.lastIndexOf(at, stacked - 1);
      const isRound = stacked - start > 1 || leadsToItself(at, first, to);
      for (let i = start; i < stacked; i++) {
        onStack[stack[i]!] = 0;
        if (isRound) found[stack[i]!] = sets;
      }
      if (isRound) sets++;
      stacked = start;
    }
  }
  return found;
}

function leadsToItself(node: number, first: Int32Array, to: Int32Array): boolean {
  for (let e = first[node]!; e < first[node + 1]!; e++) if (to[e] === node) return true;
  return false;
}
