/** A trace as a KVM selftest in the kernel's tree, written against kvm_util of 7.3: a patch for `git am`. */
import { aboutText, testProgram } from "./kselftest-program.ts";
import type { Reproduction } from "./reproduction.ts";
import { commentText, identifier, paragraph } from "./text.ts";

const FOLDER = "tools/testing/selftests/kvm";

/** Where the list of x86's tests is in 7.3, and what stands around the new line. */
const MAKEFILE = {
  path: `${FOLDER}/Makefile.kvm`,
  line: 156,
  before: ["x86/triple_fault_event_test", "x86/recalc_apic_map_test", "x86/aperfmperf_test"],
  after: ["access_tracking_perf_test", "coalesced_io_test", "dirty_log_perf_test"],
};

export function kselftestPatch(run: Reproduction): string {
  const name = `${identifier(run.name).toLowerCase()}_test`;
  const test = testProgram(run);
  const added = test.replace(/\n$/, "").split("\n");
  const listed = (program: string): string => `TEST_GEN_PROGS_x86 += ${program}`;
  const { path, line, before, after } = MAKEFILE;
  return [
    // The name and the date that git gives to a patch of no commit.
    "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001",
    "From: gmemcheck <gmemcheck@localhost>",
    `Subject: [PATCH] KVM: selftests: Add ${name}`,
    "",
    ...aboutText(run).flatMap((text) => [...paragraph(commentText(text)).map(mailLine), ""]),
    `Made by: ${commentText(run.command)}`,
    "---",
    ` ${FOLDER}/Makefile.kvm | 1 +`,
    ` ${FOLDER}/x86/${name}.c | ${added.length} +`,
    ` 2 files changed, ${added.length + 1} insertions(+)`,
    ` create mode 100644 ${FOLDER}/x86/${name}.c`,
    "",
    `diff --git a/${path} b/${path}`,
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${line},6 +${line},7 @@`,
    ...before.map((program) => ` ${listed(program)}`),
    `+${listed(`x86/${name}`)}`,
    ...after.map((program) => ` ${listed(program)}`),
    `diff --git a/${FOLDER}/x86/${name}.c b/${FOLDER}/x86/${name}.c`,
    "new file mode 100644",
    "--- /dev/null",
    `+++ b/${FOLDER}/x86/${name}.c`,
    `@@ -0,0 +1,${added.length} @@`,
    ...added.map((text) => `+${text}`),
    "-- ",
    "gmemcheck",
    "",
  ].join("\n");
}

/** A line of a mail that is no beginning of its patch. */
const mailLine = (line: string): string => line.replace(/^(?=-|diff |Index: |>?From )/, " ");
