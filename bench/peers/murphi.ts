/** gmem-seq in Murphi, for Rumur: the text is the same for every size but for its types. */
import type { Size } from "../vectors.ts";

export function murphi(size: Size): string {
  return [types(size), VARIABLES, PROCEDURES, START, FILES, bind(size), SLOTS, GFNS, PAGES, INVARIANTS].join(
    "\n",
  );
}

const types = ({ vms, files, pages, slots, gfns }: Size): string => `-- gmem-seq, generated
type
  VM:   0 .. ${vms - 1};
  FILE: 0 .. ${files - 1};
  PAGE: 0 .. ${pages - 1};
  SLOT: 0 .. ${slots - 1};
  GFN:  0 .. ${gfns - 1};
  LENGTH: 0 .. ${Math.min(pages, gfns)};
  BIT:  0 .. 1;
  BINDING: record file: FILE; off: PAGE; gfn: GFN; npages: LENGTH; end;
  -- kind 0: none; 1: shared; 2: a private page
  SPTE: record kind: 0 .. 2; file: FILE; page: PAGE; end;
`;

const VARIABLES = `var
  owner: array [FILE] of VM;  -- undefined: there is no such file
  folio: array [FILE] of array [PAGE] of BIT;
  host:  array [FILE] of array [PAGE] of BIT;
  slot:  array [VM] of array [SLOT] of BINDING;  -- npages 0: empty
  priv:  array [VM] of array [GFN] of BIT;
  spte:  array [VM] of array [GFN] of SPTE;
`;

/** What is not there has no other values: undefined is one, so that equal states are equal. */
const PROCEDURES = `procedure zap(v: VM; g: GFN);
begin
  spte[v][g].kind := 0;
  undefine spte[v][g].file;
  undefine spte[v][g].page;
end;

procedure vacate(v: VM; s: SLOT);
begin
  slot[v][s].npages := 0;
  undefine slot[v][s].file;
  undefine slot[v][s].off;
  undefine slot[v][s].gfn;
end;
`;

const START = `startstate begin
  for f: FILE do
    undefine owner[f];
    for p: PAGE do folio[f][p] := 0; host[f][p] := 0; end;
  end;
  for v: VM do
    for s: SLOT do vacate(v, s); end;
    for g: GFN do priv[v][g] := 0; zap(v, g); end;
  end;
end;
`;

const FILES = `ruleset v: VM; f: FILE do
  rule "create" isundefined(owner[f]) ==> begin owner[f] := v; end;
end;

ruleset f: FILE do
  rule "close" !isundefined(owner[f]) ==>
  begin
    for v: VM do
      for s: SLOT do if slot[v][s].npages != 0 & slot[v][s].file = f then vacate(v, s); end; end;
      for g: GFN do if spte[v][g].kind = 2 & spte[v][g].file = f then zap(v, g); end; end;
    end;
    for p: PAGE do folio[f][p] := 0; host[f][p] := 0; end;
    undefine owner[f];
  end;
end;
`;

/** A slot covers a gfn. */
const covers = (slot: string, gfn: string): string =>
  `${slot}.npages != 0 & ${slot}.gfn <= ${gfn} & ${gfn} < ${slot}.gfn + ${slot}.npages`;
/** A private mapping of a page. */
const maps = (spte: string): string => `${spte}.kind = 2 & ${spte}.file = f & ${spte}.page = p`;

const bind = ({
  pages,
  gfns,
}: Size): string => `ruleset v: VM; s: SLOT; f: FILE; off: PAGE; g: GFN; n: 1 .. ${Math.min(pages, gfns)} do
  rule "bind"
    off + n <= ${pages} & g + n <= ${gfns}
    & !isundefined(owner[f]) & owner[f] = v & slot[v][s].npages = 0
    & !(exists t: SLOT do
          slot[v][t].npages != 0 & slot[v][t].gfn < g + n & g < slot[v][t].gfn + slot[v][t].npages
        end)
    & !(exists w: VM do exists t: SLOT do
          slot[w][t].npages != 0 & slot[w][t].file = f
          & slot[w][t].off < off + n & off < slot[w][t].off + slot[w][t].npages
        end end)
  ==>
  begin
    slot[v][s].file := f; slot[v][s].off := off; slot[v][s].gfn := g; slot[v][s].npages := n;
  end;
end;
`;

const SLOTS = `ruleset v: VM; s: SLOT do
  rule "unbind" slot[v][s].npages != 0 ==>
  begin
    for g: GFN do if ${covers("slot[v][s]", "g")} then zap(v, g); end; end;
    vacate(v, s);
  end;
end;
`;

const GFNS = `ruleset v: VM; g: GFN do
  rule "setattr" true ==> begin priv[v][g] := 1 - priv[v][g]; zap(v, g); end;

  rule "gfault" spte[v][g].kind = 0 & exists s: SLOT do ${covers("slot[v][s]", "g")} end ==>
  begin
    if priv[v][g] = 1 then
      for s: SLOT do
        if ${covers("slot[v][s]", "g")} then
          folio[slot[v][s].file][slot[v][s].off + g - slot[v][s].gfn] := 1;
          host[slot[v][s].file][slot[v][s].off + g - slot[v][s].gfn] := 0;
          spte[v][g].kind := 2;
          spte[v][g].file := slot[v][s].file;
          spte[v][g].page := slot[v][s].off + g - slot[v][s].gfn;
        end;
      end;
    else
      spte[v][g].kind := 1;
    end;
  end;
end;
`;

const PAGES = `ruleset f: FILE; p: PAGE do
  rule "allocate" !isundefined(owner[f]) & folio[f][p] = 0 ==> begin folio[f][p] := 1; end;

  rule "punch" !isundefined(owner[f]) & folio[f][p] = 1 ==>
  begin
    folio[f][p] := 0;
    host[f][p] := 0;
    for v: VM do for g: GFN do if ${maps("spte[v][g]")} then zap(v, g); end; end; end;
  end;

  rule "hfault"
    !isundefined(owner[f]) & host[f][p] = 0
    & !(exists v: VM do exists g: GFN do ${maps("spte[v][g]")} end end)
  ==> begin folio[f][p] := 1; host[f][p] := 1; end;

  rule "hunmap" host[f][p] = 1 ==> begin host[f][p] := 0; end;
end;
`;

const INVARIANTS = `invariant "I1"
  forall v: VM do forall s: SLOT do forall w: VM do forall t: SLOT do
    (v != w | s != t) & slot[v][s].npages != 0 & slot[w][t].npages != 0 & slot[v][s].file = slot[w][t].file
    -> !(slot[v][s].off < slot[w][t].off + slot[w][t].npages & slot[w][t].off < slot[v][s].off + slot[v][s].npages)
  end end end end;

invariant "I2"
  forall v: VM do forall g: GFN do
    spte[v][g].kind = 2 -> host[spte[v][g].file][spte[v][g].page] = 0
  end end;

invariant "I3"
  (forall v: VM do forall g: GFN do forall w: VM do forall h: GFN do
    (v != w | g != h) & spte[v][g].kind = 2 & spte[w][h].kind = 2 & spte[v][g].file = spte[w][h].file
    -> spte[v][g].page != spte[w][h].page
  end end end end)
  & (forall v: VM do forall g: GFN do
    spte[v][g].kind = 2 -> (!isundefined(owner[spte[v][g].file]) & owner[spte[v][g].file] = v)
  end end);

invariant "I4"
  forall v: VM do forall g: GFN do
    spte[v][g].kind = 2 ->
      (priv[v][g] = 1 & folio[spte[v][g].file][spte[v][g].page] = 1
       & exists s: SLOT do
           ${covers("slot[v][s]", "g")} & slot[v][s].file = spte[v][g].file
           & slot[v][s].off + g - slot[v][s].gfn = spte[v][g].page
         end)
  end end;
`;
