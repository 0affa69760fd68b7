import "./typescript.mjs";

await import("../cli/search-worker.ts");
