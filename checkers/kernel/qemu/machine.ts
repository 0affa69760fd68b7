/** A machine of QEMU's without KVM: boots a kernel, leads to the executor in it, and leaves nothing behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { NotHere } from "../live/kernel.ts";
import { ConsoleLog } from "./console.ts";
import { endGroup, onPath } from "./process.ts";

export interface MachineOptions {
  /** What the kernel is called in messages. */
  readonly name: string;
  /** Path of the kernel's image. */
  readonly image: string;
  readonly initramfs: Uint8Array;
  /** More parameters for the kernel: "kvm_amd.npt=0". */
  readonly append: string;
  readonly processors: number;
  /** Emulates all processors in one thread, one after the other. */
  readonly oneThread: boolean;
  readonly megabytes: number;
  /** How long a boot may take. */
  readonly bootSeconds: number;
}

export const QEMU = "qemu-system-x86_64";

/** Warnings are shown (5), a panic ends the machine, and addresses in reports are the same from boot to boot. */
const PARAMETERS = "console=ttyS0 loglevel=5 panic=-1 nokaslr mitigations=off";

/** Lines of the console that a message quotes. */
const QUOTED = 10;

/** Milliseconds without a word after which a report of the kernel is taken to be whole, and the most to wait for that. */
const QUIET = 500;
const MOST = 15_000;

export class Machine {
  readonly console = new ConsoleLog();
  /** Resolves with how the machine ended; it never does by itself while all is well. */
  readonly ended: Promise<string>;
  private readonly qemu: ChildProcess;
  private readonly folder: string;
  private readonly complaints: string[] = [];
  private port_: Socket | null = null;
  private control: Socket | null = null;
  private readonly end = (): void => {
    endGroup(this.qemu);
    rmSync(this.folder, { recursive: true, force: true });
  };
  private onExecutorEnded: (status: string) => void = () => {};

  /** Throws `NotHere` when QEMU is missing or the kernel does not come up. */
  static async boot(options: MachineOptions): Promise<Machine> {
    if (!onPath(QEMU)) throw new NotHere(`${QEMU} is not there\n  apt-get install qemu-system-x86`);
    const folder = mkdtempSync(join(tmpdir(), "gmemcheck-qemu-"));
    writeFileSync(join(folder, "initramfs"), options.initramfs);
    const [port, control] = [listen(join(folder, "port")), listen(join(folder, "control"))];
    const machine = new Machine(options, folder);
    try {
      await machine.comeUp(options, port.connected, control.connected);
      // All is loaded and connected: from here on there is nothing to leave behind, however this process ends.
      rmSync(folder, { recursive: true });
      return machine;
    } catch (error) {
      await machine.close();
      throw error;
    } finally {
      port.close();
      control.close();
    }
  }

  private constructor(options: MachineOptions, folder: string) {
    this.folder = folder;
    const [program, ...args] = commandLine(options, folder);
    // A group of its own: a terminal's Ctrl-C is for this process, which ends the machine when it has told what it knows.
    this.qemu = spawn(program!, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    process.on("exit", this.end);
    this.qemu.stdout!.setEncoding("utf8").on("data", (text: string) => this.console.feed(text));
    createInterface({ input: this.qemu.stderr! }).on("line", (line) => this.complaints.push(line));
    this.ended = new Promise((resolve) => {
      this.qemu.on("error", (error) => resolve(`${QEMU} cannot be started: ${error.message}`));
      this.qemu.on("close", (code, signal) =>
        resolve(signal === null ? `${QEMU} ended with ${code}` : `${QEMU} was ended by ${signal}`),
      );
    });
  }

  private async comeUp(
    { name, bootSeconds }: MachineOptions,
    port: Promise<Socket>,
    control: Promise<Socket>,
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`it was not up after ${bootSeconds} s`), bootSeconds * 1000);
    });
    const missing = this.connect(port, control);
    const failed = await Promise.race([this.ended, tooLate, missing]);
    clearTimeout(timer);
    if (failed === null) return;
    const said = [...this.complaints, ...this.console.since(0)].slice(-QUOTED);
    throw new NotHere(
      [
        `kernel ${name} does not come up: ${failed}`,
        ...said.map((line) => `  | ${line}`),
        "  usual cause: no image of a kernel, one without serial console and virtio, or a machine too busy to emulate another",
      ].join("\n"),
    );
  }

  /** Waits for init to say that all is there; gives what is not, or null. */
  private async connect(port: Promise<Socket>, control: Promise<Socket>): Promise<string | null> {
    this.port_ = await port;
    this.control = await control;
    return new Promise((resolve) => {
      createInterface({ input: this.control! }).on("line", (line) => {
        const [word, ...rest] = line.split(" ");
        if (word === "ready") resolve(null);
        else if (word === "missing") resolve(`it has no ${rest.join(" ")}`);
        else if (word === "ended") this.onExecutorEnded(rest.join(" "));
      });
    });
  }

  /** What the executor reads and writes; one after the other, when several are started. */
  get port(): Socket {
    return this.port_!;
  }

  /** Starts the executor; `ended` is called with its exit status, if it ends before the machine does. */
  serve(options: readonly string[], ended: (status: string) => void): void {
    this.onExecutorEnded = ended;
    this.control!.write(`serve ${options.join(" ")}\n`);
  }

  /** The stacks of all tasks that are blocked, or, where none is, of what the processors do. */
  async blockedTasks(): Promise<readonly string[]> {
    const blocked = await this.sysrq("w");
    return blocked.some((line) => line.includes("task:"))
      ? blocked
      : [...blocked, ...(await this.sysrq("l"))];
  }

  /** What the kernel prints when it is asked by a key (Documentation/admin-guide/sysrq.rst). */
  private async sysrq(key: string): Promise<readonly string[]> {
    const from = this.console.lines.length;
    this.control!.write(`sysrq ${key}\n`);
    await this.console.settled(QUIET, MOST);
    return this.console.since(from);
  }

  /** Waits until a report that has begun is whole. */
  async reportWritten(): Promise<readonly string[]> {
    await this.console.settled(QUIET, MOST);
    return this.console.report();
  }

  /** Ends the machine, and removes what was written for it. */
  async close(): Promise<void> {
    this.end();
    await this.ended;
    process.off("exit", this.end);
    this.port_?.destroy();
    this.control?.destroy();
  }
}

/** A socket that waits for one connection, which QEMU makes. */
function listen(path: string): { readonly connected: Promise<Socket>; readonly close: () => void } {
  const server = createServer();
  const connected = new Promise<Socket>((resolve, reject) => {
    server.once("connection", (socket) => {
      // A machine that is ended leaves its sockets broken; its end is reported as such.
      socket.on("error", () => {});
      resolve(socket);
    });
    server.once("error", reject);
  });
  server.listen(path);
  return { connected, close: () => server.close() };
}

function commandLine(
  { image, append, processors, oneThread, megabytes }: MachineOptions,
  folder: string,
): string[] {
  const words = [
    // Where it is there, the kernel ends QEMU should this process be killed.
    ...(onPath("setpriv") ? ["setpriv --pdeathsig KILL"] : []),
    `${QEMU} -nodefaults -no-user-config -no-reboot -display none`,
    `-M q35 -accel tcg,thread=${oneThread ? "single" : "multi"} -cpu max -smp ${processors} -m ${megabytes}M`,
    "-chardev stdio,id=console,signal=off -serial chardev:console",
    "-device virtio-serial-pci",
  ].flatMap((part) => part.split(" "));
  const ports = ["port", "control"].flatMap((name, n) => [
    "-chardev",
    `socket,id=${name},path=${join(folder, name)}`,
    "-device",
    `virtserialport,chardev=${name},nr=${n + 1}`,
  ]);
  const initramfs = join(folder, "initramfs");
  const kernel = ["-kernel", image, "-initrd", initramfs, "-append", `${PARAMETERS} ${append}`.trim()];
  return [...words, ...ports, ...kernel];
}
