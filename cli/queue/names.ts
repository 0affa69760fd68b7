/** Names in Redis. */
export const queueOf = (version: string): string => `gmemcheck-${version}`;
export const workerKey = (id: string): string => `gmemcheck:worker:${id}`;
export const runKey = (id: string): string => `gmemcheck:run:${id}`;
export const leadKey = (id: string): string => `gmemcheck:lead:${id}`;
export const WORKERS = workerKey("*");
export const RUNS = runKey("*");

/** What a worker says of itself now and then; it is forgotten when it does so no more. */
export interface WorkerNote {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly since: string;
  readonly concurrency: number;
  readonly active: number;
  readonly done: number;
  readonly failed: number;
}

/** What is known of a run besides its jobs. */
export interface RunNote {
  readonly id: string;
  readonly version: string;
  readonly host: string;
  readonly command: string;
  /** What it was asked for (`unpacked`), so that another process can take it up. */
  readonly asked: string;
  readonly state: "running" | "interrupted" | "done";
  readonly progress: string;
  readonly since: string;
  readonly updated: string;
}

export const WORKER_SECONDS = 15;
/** What nobody asks for any more is forgotten. */
export const KEPT_SECONDS = 7 * 24 * 3600;
