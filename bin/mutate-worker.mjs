import "./typescript.mjs";

await import("../cli/mutate-worker.ts");
