/** Samples of what kernels write: each complaint is seen, whole, and nothing else is taken for one. */
import { describe, expect, test } from "vitest";
import { ConsoleLog } from "../../../checkers/kernel/qemu/console.ts";

/** A report in a console: what was said before and behind it, and its lines. */
const logOf = (text: string): ConsoleLog => {
  const log = new ConsoleLog();
  log.feed(text);
  return log;
};

const KASAN = `[    5.100000] ==================================================================
[    5.100100] BUG: KASAN: slab-use-after-free in kvm_gmem_release+0x1b2/0x210
[    5.100200] Read of size 8 at addr ff11000004a3f810 by task executor/61
[    5.100300] Call Trace:
[    5.100400]  <TASK>
[    5.100500]  kvm_gmem_release+0x1b2/0x210
`;
const LOCKDEP = `[    6.000000] ======================================================
[    6.000100] WARNING: possible circular locking dependency detected
[    6.000200] 7.3.4 #1 Not tainted
[    6.000300] ------------------------------------------------------
[    6.000400] executor/70 is trying to acquire lock:
`;
const WARN = `[    7.000000] ------------[ cut here ]------------
[    7.000100] WARNING: CPU: 1 PID: 64 at virt/kvm/guest_memfd.c:612 kvm_gmem_bind+0x3a/0x90
[    7.000200] Call Trace:
`;
const HUNG = `[   30.000000] INFO: task executor:63 blocked for more than 20 seconds.
[   30.000100]       Not tainted 7.3.4 #1
`;

describe.each([
  ["KASAN", KASAN, "BUG: KASAN: slab-use-after-free in kvm_gmem_release+0x1b2/0x210"],
  ["lockdep", LOCKDEP, "WARNING: possible circular locking dependency detected"],
  ["WARN", WARN, "WARNING: CPU: 1 PID: 64 at virt/kvm/guest_memfd.c:612 kvm_gmem_bind+0x3a/0x90"],
  ["a hung task", HUNG, "INFO: task executor:63 blocked for more than 20 seconds."],
  [
    "UBSAN",
    "[    1.0] UBSAN: array-index-out-of-bounds in x.c:1:2\n",
    "UBSAN: array-index-out-of-bounds in x.c:1:2",
  ],
  [
    "an oops",
    "[    1.0][   T64] BUG: kernel NULL pointer dereference, address: 0000000000000008\n[    1.1] Oops: Oops: 0000 [#1]\n",
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
  ],
  ["a BUG", "[    1.0] kernel BUG at virt/kvm/kvm_main.c:1!\n", "kernel BUG at virt/kvm/kvm_main.c:1!"],
  ["a list", "[    1.0] list_del corruption. prev->next\n", "list_del corruption. prev->next"],
  [
    "a stall",
    "[    1.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n",
    "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
  ],
  [
    "a panic",
    "[    1.0] Kernel panic - not syncing: Fatal exception\n",
    "Kernel panic - not syncing: Fatal exception",
  ],
])("%s", (_name, report, headline) => {
  test("is a complaint, with all that follows and the rule above it", () => {
    const log = logOf(`[    0.000000] Linux version 7.3.4\nexecutor: ready\n${report}`);
    expect(log.complained).toBe(headline);
    expect(log.report().join("\n")).toBe(report.trimEnd());
  });

  test("is seen however it is cut", () => {
    const log = new ConsoleLog();
    for (const letter of report.replaceAll("\n", "\r\n")) log.feed(letter);
    expect([log.complained, log.report().join("\n")]).toEqual([headline, report.trimEnd()]);
  });
});

test("nothing else is a complaint", () => {
  const log = logOf(
    [
      "[    0.000000] Kernel compiled without mitigations, ignoring 'mitigations'; system may still be vulnerable",
      "[    0.044000] tsc: Unable to calibrate against PIT",
      "[    2.000000] Memory failure: 0x4a3f: recovery action for guest memory: Recovered",
      "[    2.100000] sysrq: Show Blocked State",
      "[    2.200000] task:executor        state:D stack:0     pid:63",
      // What user space says is no kernel's complaint.
      "WARNING: possible circular locking dependency detected",
      "BUG: KASAN: says the executor",
      "[    3.000000] x86/cpu: a note that names a BUG: only inside",
      "",
    ].join("\n"),
  );
  expect([log.complained, log.report()]).toEqual([null, []]);
});

test("the first complaint is the one that counts, and later ones are part of its report", () => {
  const log = logOf(WARN + KASAN);
  expect(log.complained).toMatch(/^WARNING: CPU: 1/);
  expect(log.report().join("\n")).toBe((WARN + KASAN).trimEnd());
});

test("what was said is forgotten on request, a complaint is not", () => {
  const log = logOf("[    1.0] all is well\n");
  log.forget();
  log.feed(WARN);
  log.forget();
  expect(log.since(0).join("\n")).toBe(WARN.trimEnd());
  expect(log.report()).toEqual(log.since(0));
});

test("a console has settled when it was quiet for long enough, or talks for too long", async () => {
  const log = new ConsoleLog();
  const talking = setInterval(() => log.feed("[    1.0] on and on\n"), 10);
  const started = performance.now();
  await log.settled(60, 150);
  const talked = performance.now() - started;
  clearInterval(talking);
  await log.settled(30, 60_000);
  expect(talked).toBeGreaterThan(140);
});
