#!/usr/bin/env node
import "./typescript.mjs";

const { main } = await import("../cli/main.ts");
process.exitCode = await main(process.argv);
