/** A thread that helps in the search of one run. */
import { parentPort, workerData } from "node:worker_threads";
import { bounded } from "../checkers/explore/bounded.ts";
import { assist } from "../checkers/parallel/assist.ts";
import { findDesign } from "./designs.ts";
import type { Job } from "./run-job.ts";

const { job, only } = workerData as { readonly job: Job; readonly only: readonly string[] | null };
const { design } = await findDesign(job.design);
assist(parentPort!, bounded(design, job.vector), only === null ? undefined : new Set(only));
