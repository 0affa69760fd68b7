import "./typescript.mjs";

const { doJob } = await import("../cli/queue/do-job.ts");
// Whoever took the job for it is gone, and so is the job.
process.on("disconnect", () => process.exit());

export default (job) => doJob(job.data);
