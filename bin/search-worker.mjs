import { register } from "tsx/esm/api";

register();
await import("../cli/search-worker.ts");
