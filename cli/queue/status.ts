/** `gmemcheck status`: what runs, who works, and what is behind. */
import { Queue } from "bullmq";
import { EXIT } from "../exit.ts";
import { print } from "../output.ts";
import { queueOf, RUNS, WORKERS, type RunNote, type WorkerNote } from "./names.ts";
import { connect, placeOf } from "./redis.ts";
import { notesOf } from "./run.ts";
import { versionOf } from "./version.ts";

export interface StatusCommand {
  readonly redis: string;
  readonly format: "text" | "json" | "prometheus";
}

/** Jobs by what has become of them; `behind` are those that nobody has begun. */
interface Jobs {
  readonly version: string;
  readonly behind: number;
  readonly active: number;
  readonly failed: number;
}

interface Status {
  readonly schemaVersion: 1;
  readonly place: string;
  readonly version: string;
  readonly runs: readonly Omit<RunNote, "asked">[];
  readonly workers: readonly WorkerNote[];
  readonly queues: readonly Jobs[];
}

export async function status({ redis: url, format }: StatusCommand): Promise<number> {
  const redis = await connect(url);
  try {
    const runs = await notesOf<RunNote>(redis, RUNS);
    const workers = await notesOf<WorkerNote>(redis, WORKERS);
    const version = versionOf();
    const versions = [...new Set([version, ...[...runs, ...workers].map((note) => note.version)])];
    const queues: Jobs[] = [];
    for (const one of versions) {
      const queue = new Queue(queueOf(one), { connection: redis });
      const counts = await queue.getJobCounts("waiting", "delayed", "prioritized", "active", "failed");
      const { waiting = 0, delayed = 0, prioritized = 0, active = 0, failed = 0 } = counts;
      queues.push({ version: one, behind: waiting + delayed + prioritized, active, failed });
    }
    const told = runs.map(({ asked: _, ...note }) => note);
    const all: Status = { schemaVersion: 1, place: placeOf(url), version, runs: told, workers, queues };
    print(TEXT[format](all));
    return EXIT.asExpected;
  } finally {
    redis.disconnect();
  }
}

const TEXT: Readonly<Record<StatusCommand["format"], (status: Status) => string>> = {
  json: (status) => JSON.stringify(status, null, 2),
  text: plainText,
  prometheus: prometheusText,
};

function plainText({ place, version, runs, workers, queues }: Status): string {
  const lines = [`${place}, version ${version}`];
  lines.push(workers.length === 0 ? "no worker listens" : "workers:");
  for (const { id, concurrency, active, done, failed, since, version: theirs } of workers) {
    const other = theirs === version ? "" : `, of another version: ${theirs}`;
    const rate = (done / Math.max(1, (Date.now() - Date.parse(since)) / 60_000)).toFixed(1);
    lines.push(
      `  ${id}: ${active} of ${concurrency} at once, ${done} jobs done (${rate} a minute), ${failed} tries failed${other}`,
    );
  }
  for (const { version: of, behind, active, failed } of queues) {
    if (of === version || behind + active > 0)
      lines.push(`queue of ${of}: ${behind} jobs behind, ${active} being done, ${failed} given up`);
  }
  lines.push(runs.length === 0 ? "no runs are known" : "runs:");
  for (const { id, state, command, progress, updated } of runs)
    lines.push(
      `  ${id}: ${state}, ${progress === "" ? "nothing done yet" : progress} (${updated}): ${command}`,
    );
  return lines.join("\n");
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4 */
function prometheusText({ runs, workers, queues }: Status): string {
  const lines: string[] = [];
  const metric = (
    name: string,
    type: "gauge" | "counter",
    help: string,
    samples: readonly Sample[],
  ): void => {
    lines.push(`# HELP gmemcheck_${name} ${help}`, `# TYPE gmemcheck_${name} ${type}`);
    for (const { labels, value } of samples) {
      const text = Object.entries(labels).map(([key, label]) => `${key}="${escaped(label)}"`);
      lines.push(`gmemcheck_${name}{${text.join(",")}} ${value}`);
    }
  };
  const ofWorkers = (value: (note: WorkerNote) => number): Sample[] =>
    workers.map((note) => ({ labels: { worker: note.id, version: note.version }, value: value(note) }));
  metric(
    "worker_jobs_active",
    "gauge",
    "Jobs that the worker does.",
    ofWorkers((note) => note.active),
  );
  metric(
    "worker_jobs_done_total",
    "counter",
    "Jobs that the worker has done.",
    ofWorkers((note) => note.done),
  );
  metric(
    "worker_tries_failed_total",
    "counter",
    "Tries that failed.",
    ofWorkers((note) => note.failed),
  );
  for (const of of ["behind", "active", "failed"] as const) {
    const samples = queues.map((jobs) => ({ labels: { version: jobs.version }, value: jobs[of] }));
    metric(`queue_jobs_${of}`, "gauge", `Jobs of the queue that are ${MEANS[of]}.`, samples);
  }
  const states = runs.map(({ id, state }) => ({ labels: { run: id, state }, value: 1 }));
  metric("run", "gauge", "Runs that are known, by what has become of them.", states);
  return lines.join("\n");
}

const MEANS = { behind: "not begun", active: "being done", failed: "given up" } as const;

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const escaped = (label: string): string =>
  label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
