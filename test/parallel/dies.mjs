// A thread that has loaded the design, is told to begin, is ready, and is gone.
import { parentPort } from "node:worker_threads";

parentPort.postMessage({ kind: "loaded" });
parentPort.once("message", () => {
  parentPort.postMessage({ kind: "ready" });
  setTimeout(() => process.exit(3), 50);
});
