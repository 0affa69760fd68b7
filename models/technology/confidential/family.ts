/** What SEV-SNP, TDX and pKVM add to the shipped ABI: who owns a page of guest memory in hardware, and when that changes. */
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

export const confidential: Family = {
  title: "Technologies for the shipped ABI",
  source:
    "arch/x86/kvm/svm/sev.c and arch/x86/kvm/vmx/tdx.c, Linux 6.12 to 7.3, and the fixes that are named in each",
  designs: [
    technologies7_3,
    technologiesMended,
    snpVmsa,
    snpLaunchFinish,
    snpCpuidPage,
    snpPsmash,
    tdxSept,
    tdxBuild,
    tdxAlias,
    tdxKey,
    pkvm,
  ],
  mutants: confidentialMutants,
  objections: [],
  silent: {},
};
