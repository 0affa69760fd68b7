/** Every design of the registry goes into a page, with what it needs and little else. */
import { expect, test } from "vitest";
import { bundle } from "../../cli/page/bundle.ts";
import { exportOf } from "../../cli/page/exported.ts";
import { registry } from "../../models/registry.ts";
import { stored, storedOf } from "./stored.ts";

const STYLES = ["picture/page.css"];

test.each(registry.map(({ design }) => design.name))("%s", async (name) => {
  const { design } = registry.find((entry) => entry.design.name === name)!;
  const exported = await exportOf(design, name);
  const { script, style } = await bundle({ entry: "entry/trace.tsx", styles: STYLES, designs: [exported] });
  const files = stored.filter((file) => file.startsWith(`${name}/`));
  const documents = await Promise.all(files.map(async (file) => (await storedOf(file)).document));
  const largest = Math.max(0, ...documents.map((document) => JSON.stringify(document).length));
  expect(script.length + style.length + largest).toBeLessThan(398_000);
});
