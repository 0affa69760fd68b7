// Whoever took jobs for it is gone, and so are the jobs. It may have gone while this was loaded.
const end = () => process.exit();
process.on("disconnect", end);
await import("./typescript.mjs");
const { doJob } = await import("../cli/queue/do-job.ts");
if (!process.connected) end();

export default (job) => doJob(job.data);
