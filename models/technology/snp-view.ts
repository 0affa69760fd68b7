/** How the state of an SEV-SNP guest answers the questions of the common vocabulary, and what must hold of it beside. */
import { propertiesOf } from "../../spec/language.ts";
import type { Made } from "../../spec/language/property.ts";
import { Gfn, Page, Vm } from "../../spec/guest-memory.ts";
import { ownerPromises, type Owning } from "../../spec/properties/ownership.ts";
import { oneSlot } from "./one-slot.ts";
import type { Populate } from "./snp-launch.ts";
import { INODE, OWNER, type Machine, type State } from "./snp-state.ts";

/** The common vocabulary, and behind it the state itself. */
interface SnpView extends Owning {
  readonly state: State;
}

export function view(s: State, { pages }: Machine): SnpView {
  return {
    state: s,
    ...oneSlot(pages),

    isPrivate: (vm, gfn) => s.vms[vm].private[gfn]!,
    guestMapping: (vm, gfn) =>
      s.vms[vm].leaves[gfn] ? { at: { inode: INODE, page: gfn }, private: true, fromFile: true } : null,

    pageState: (_inode, page) => s.pages[page]!.folio,
    // An access of the host ends with SIGBUS.
    hostMaps: () => false,
    hostMayMap: () => false,
    contentsDefined: (_inode, page) => s.pages[page]!.folio === "ready",

    ownerOf: (_inode, page) => (s.pages[page]!.assigned ? { vm: OWNER, gfn: page } : null),

    isInvalidating: (vm, gfn) => s.vms[vm].invalidating[gfn]! > 0,
    invalidations: (vm) => [...s.vms[vm].invalidating].reduce((sum, n) => sum + n, 0),
  };
}

const { always, sometimes, step } = propertiesOf<SnpView>();

const hostWritesNoAssignedPage = always({
  name: "host-writes-no-assigned-page",
  says: "the host never writes to a page that the RMP gives to a guest: that is a page fault of the kernel",
  source: "5932ca411e53 (KVM: x86: disallow pre-fault for SNP VMs before initialization), 6.11: RMP #PF",
  anytime: true,
  over: { page: Page },
  when: ({ state }, { page }) => state.pages[page]!.folio !== "absent",
  holds: ({ state }, { page }) => !state.pages[page]!.writtenByHost,
  why: (_m, { page }) => `the host wrote to page ${page} while the RMP gave it to the guest`,
});

const handedWhileShared = always({
  name: "handed-to-firmware-while-shared",
  says: "a page that populate hands to the firmware was nobody's in the RMP until then",
  source: "sev_gmem_post_populate(): EEXIST for an assigned entry, arch/x86/kvm/svm/sev.c",
  anytime: true,
  over: { page: Page },
  when: ({ state }, { page }) => state.pages[page]!.assigned,
  holds: ({ state }, { page }) => !state.pages[page]!.handedAssigned,
  why: (_m, { page }) => `page ${page} was the guest's already when it was handed to the firmware`,
});

const endsOnSignal = step({
  name: "populate-ends-on-a-signal",
  says: "populate ends with the page that is at work when a fatal signal comes",
  source: "d81473840ce1 (KVM: interrupt kvm_gmem_populate() on signals), 6.11",
  over: {},
  asksResults: true,
  when: (_before, made) => made.call === "launch_update" && killedAfter(made) !== null,
  holds: (_before, made) => pagesDone(made) <= killedAfter(made)!,
  why: (_before, made) =>
    `it did ${pagesDone(made)} pages, and the signal came while page ${killedAfter(made)} of them was at work`,
});

const measuredIsPrivate = step({
  name: "measured-page-is-private",
  says: "the firmware measures only what the guest is to have privately: a shared frame shows other memory",
  source:
    "kvm_gmem_populate(), virt/kvm/guest_memfd.c, 6.11: EINVAL for a frame whose attribute is not private",
  over: { page: Page },
  when: (before, { call }, { page }) => call === "launch_update" && !before.state.pages[page]!.measured,
  holds: (before, _made, { state }, { page }) =>
    !state.pages[page]!.measured || before.state.vms[OWNER].private[page]!,
  why: (_before, _made, _after, { page }) => `page ${page} was measured, and its frame is shared`,
});

/** How many pages the call has begun when its signal comes. */
function killedAfter({ params }: Made): number | null {
  const { gfn, killedAt } = params as unknown as Populate;
  return killedAt === null ? null : killedAt - gfn + 1;
}

function pagesDone({ result }: Made): number {
  return typeof result === "object" ? result.value! : 0;
}

const runsWhatWasLaunched = sometimes({
  name: "a-guest-maps-a-launched-page",
  says: "a guest maps a page that the firmware has measured",
  source: "KVM_SEV_SNP_LAUNCH_UPDATE, Documentation/virt/kvm/x86/amd-memory-encryption.rst",
  over: { vm: Vm, gfn: Gfn },
  holds: ({ state }, { vm, gfn }) => state.vms[vm].leaves[gfn]! && state.pages[gfn]!.measured,
});

const staysPrivateUnmapped = sometimes({
  name: "an-assigned-page-is-shared-by-attribute",
  says: "a page stays private in the RMP although its frame was converted: a legal leftover",
  source: "the RMP entry goes with the page alone: kvm_gmem_free_folio(), virt/kvm/guest_memfd.c",
  over: { vm: Vm, gfn: Gfn },
  holds: ({ state }, { vm, gfn }) => state.pages[gfn]!.assigned && !state.vms[vm].private[gfn]!,
});

/** What must hold of every version, as the common promises must. */
export const snpPromises = [
  ...ownerPromises,
  hostWritesNoAssignedPage,
  handedWhileShared,
  endsOnSignal,
  measuredIsPrivate,
];
/** What a run must be able to reach. */
export const reached = [runsWhatWasLaunched, staysPrivateUnmapped];
