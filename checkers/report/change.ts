/** What a step changed, as text. */
import type { Change } from "../../spec/language/trace.ts";
import { hex } from "../explore/walk.ts";

/** `files[0].descriptors: 0 → 1` */
export function changeText({ cell, from, to }: Change): string {
  return `${cell}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: unknown): string {
  if (value === null) return "none";
  return typeof value === "bigint" ? hex(value) : String(value);
}
