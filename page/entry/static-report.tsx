/** The page of reports as it is without script. */
import { renderStaticReport } from "../report/render-static.tsx";
import { shownOf } from "../report/shown.ts";
import type { RenderReport } from "./data.ts";

export const renderReport: RenderReport = (page) => renderStaticReport(shownOf(page));
