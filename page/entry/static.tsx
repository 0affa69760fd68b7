/** The page of a trace as it is without script. */
import { renderStatic } from "../picture/render-static.tsx";
import type { RenderTrace } from "./data.ts";
import { open } from "./open.ts";

export const renderTrace: RenderTrace = (design, { where, again, trace }) =>
  renderStatic(open(design, trace, where), { again });
