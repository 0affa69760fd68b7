/** What SEV-SNP, TDX and pKVM add to the shipped ABI: who owns a page of guest memory in hardware, and when that changes. */
import type { GuestMemory } from "../../../spec/guest-memory.ts";
import type { AnyDesign } from "../../../spec/language/design.ts";
import type { Property } from "../../../spec/language/property.ts";
import { accountingPromises } from "../../../spec/properties/accounting.ts";
import { bindingPromises } from "../../../spec/properties/binding.ts";
import { contentsPromises } from "../../../spec/properties/contents.ts";
import { exclusivityPromises } from "../../../spec/properties/exclusivity.ts";
import { hostAccessPromises } from "../../../spec/properties/host-access.ts";
import { lifetimePromises, noPageBeyondSize } from "../../../spec/properties/lifetime.ts";
import { mappingPromises } from "../../../spec/properties/mappings.ts";
import { poisonPromises } from "../../../spec/properties/poison.ts";
import { promises } from "../../../spec/properties/promises.ts";
import type { Family } from "../../proposals/family.ts";
import { technologies7_3, technologiesMended } from "./layer/technologies.ts";
import { confidentialMutants } from "./mutants.ts";
import { pkvm } from "./pkvm.ts";
import { snpCpuidPage } from "./snp-cpuid-page.ts";
import { snpLaunchFinish } from "./snp-launch-finish.ts";
import { snpPsmash } from "./snp-psmash.ts";
import { snpVmsa } from "./snp-vmsa.ts";
import { tdxAlias } from "./tdx-alias.ts";
import { tdxBuild } from "./tdx-build.ts";
import { tdxKey } from "./tdx-key.ts";
import { tdxSept } from "./tdx-sept.ts";

/** Of one question each, with a slot that never changes. */
const ofOneSlot = [snpPsmash, tdxSept, tdxBuild, tdxKey, pkvm];
/** Of one question each, of which memory that a guest maps is no part. */
const ofNoMapping = [snpVmsa, snpLaunchFinish, snpCpuidPage, tdxAlias];

type Reason = readonly [topic: readonly Property<GuestMemory>[], why: string];
const reasons: readonly Reason[] = [
  [[...bindingPromises, ...exclusivityPromises], "one guest, whose only slot never changes"],
  [hostAccessPromises, "the host maps nothing"],
  [mappingPromises, "there are no attributes, or no invalidations to wait for"],
  [contentsPromises, "bytes are not kept"],
  [lifetimePromises, "nothing is closed"],
  [[noPageBeyondSize], "the file has the pages that its slot shows, and no others"],
  [poisonPromises, "no memory fails"],
  [accountingPromises, "nobody counts pages"],
];
const noMapping: readonly Reason[] = [
  [promises, "its question is none about files, slots and what is mapped"],
];

/** The common promises that a design does not ask, and why. */
function silenceOf(design: AnyDesign, why: readonly Reason[]): readonly [string, Record<string, string>] {
  const asked = new Set(design.promises.map(({ name }) => name));
  const notAsked = why.flatMap(([topic, because]) =>
    topic.filter(({ name }) => !asked.has(name)).map(({ name }) => [name, because] as const),
  );
  return [design.name, Object.fromEntries(notAsked)];
}

export const confidential: Family = {
  title: "Technologies for the shipped ABI",
  source:
    "arch/x86/kvm/svm/sev.c and arch/x86/kvm/vmx/tdx.c, Linux 6.12 to 7.3, and the fixes that are named in each",
  designs: [technologies7_3, technologiesMended, ...ofNoMapping, ...ofOneSlot],
  mutants: confidentialMutants,
  objections: [],
  // The layer asks all of them.
  silent: {},
  silentOf: Object.fromEntries([
    ...ofNoMapping.map((design) => silenceOf(design, noMapping)),
    ...ofOneSlot.map((design) => silenceOf(design, reasons)),
  ]),
};
