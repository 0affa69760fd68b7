import "./typescript.mjs";

await import("../cli/check-worker.ts");
