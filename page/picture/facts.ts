/** What is said of each thing of a picture: the drawing and the table say these words, and no others. */
import type { GfnCell, PageCell, SlotDrawn } from "../session/picture.ts";

/** One line about a thing. `kind` is how it looks, `what` the column of the table that it stands in. */
export interface Fact {
  readonly what: string;
  readonly text: string;
  readonly kind: "name" | "plain" | "dim" | "private" | "shared" | "poisoned" | "host";
}

const fact = (what: string, text: string, kind: Fact["kind"] = "plain"): Fact => ({ what, text, kind });
const all = (what: string, texts: readonly string[], kind: Fact["kind"] = "plain"): Fact[] =>
  texts.map((text) => fact(what, text, kind));

const STATE: Readonly<Record<PageCell["state"], Fact>> = {
  absent: fact("state", "absent", "dim"),
  allocated: fact("state", "allocated"),
  ready: fact("state", "ready"),
  poisoned: fact("state", "☠ poisoned", "poisoned"),
};

export function pageFacts(cell: PageCell): Fact[] {
  const { name, state, contents, owner, boundBy, hostMapped, hostMayMap } = cell;
  return [
    fact("page", name.startsWith("page ") ? name : `page ${name}`, "name"),
    STATE[state],
    ...(contents === "" ? [] : [fact("contents", contents)]),
    ...(owner === null ? [] : [fact("owner", `owner: ${owner}`)]),
    ...all(
      "bound by",
      boundBy.map((slot) => `↤ ${slot}`),
    ),
    ...(hostMapped
      ? [fact("host", "host maps it", "host")]
      : hostMayMap
        ? [fact("host", "host may map", "dim")]
        : []),
  ];
}

export function gfnFacts({ gfn, attribute, mapping, invalidating }: GfnCell): Fact[] {
  return [
    fact("frame", `gfn ${gfn}`, "name"),
    ...(attribute === null
      ? []
      : [fact("attribute", attribute === "private" ? "▣ private" : "▢ shared", attribute)]),
    ...(mapping === null ? [fact("mapped to", "not mapped", "dim")] : mappingFacts(mapping)),
    ...(invalidating ? [fact("invalidation", "⟳ invalidating")] : []),
  ];
}

function mappingFacts(mapping: NonNullable<GfnCell["mapping"]>): Fact[] {
  const kind = mapping.private ? "private" : "shared";
  return [
    fact("mapped to", mapping.fromFile ? `→ ${mapping.inode}:${mapping.page}` : "→ userspace_addr"),
    fact("mapped as", `as ${kind}`, kind),
  ];
}

export function slotFacts({ name, inode, first, file, flags, base, npages }: SlotDrawn): Fact[] {
  const to = inode === null ? "no file" : `file ${file ?? "?"} @${first}`;
  return [
    fact("slot", name, "name"),
    fact("frames", npages === 1 ? `gfn ${base}` : `gfns ${base}–${base + npages - 1}`),
    fact("shows", to),
    ...(flags.length === 0 ? [] : [fact("flags", flags.join(", "))]),
  ];
}
