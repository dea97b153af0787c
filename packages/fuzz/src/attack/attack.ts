import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HostileInput } from '../inputs/hostile-input.ts';
import type { Endpoint } from './exchange.ts';
import type { Finding, Secrets } from './findings.ts';
import type { SharedValues } from './guests.ts';

const STOP_DEADLINE_MS = 20_000;
const RECENT_DEADLINE_MS = 5_000;

export interface AttackCommand {
  readonly seed: number;
  readonly attackers: number;
  readonly inputsPerSecond: number;
  /** Source addresses. The attackers share them. */
  readonly addresses: readonly string[];
  readonly publicEndpoint: Endpoint;
  readonly chatServers: readonly Endpoint[];
  readonly secrets: Secrets;
  readonly shared: SharedValues;
  /** Sent first, in this order. */
  readonly cases: readonly HostileInput[];
}

export type AttackReport =
  | { readonly type: 'started' }
  | { readonly type: 'progress'; readonly inputs: number; readonly casesLeft: number }
  | { readonly type: 'finding'; readonly finding: Finding }
  | { readonly type: 'recent'; readonly inputs: readonly HostileInput[] }
  | { readonly type: 'failed'; readonly reason: string };

/** The attack in its own process. */
export class Attack {
  readonly findings: Finding[] = [];
  #inputs = 0;
  #casesLeft = Number.POSITIVE_INFINITY;
  #isStarted = false;
  #failure: string | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** Starts the attack. It continues until `stop`. */
  constructor(command: AttackCommand) {
    this.#child = fork(fileURLToPath(new URL('./attack-process.ts', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (report: AttackReport) => this.#on(report));
    this.#child.on('error', () => undefined); // an IPC error; `exit` follows
    this.#child.send(command);
  }

  /** Inputs sent so far. */
  get inputs(): number {
    return this.#inputs;
  }

  /** Whether all attackers have signed up and send. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  get casesLeft(): number {
    return this.#casesLeft;
  }

  /** @throws Error when the attack itself failed */
  check(): void {
    if (this.#failure) throw new Error(`the attack failed: ${this.#failure}`);
    if (this.#child.exitCode !== null) throw new Error(`the attack ended with exit code ${this.#child.exitCode}`);
  }

  /** Returns the last inputs that were sent, the newest last. */
  async recent(): Promise<readonly HostileInput[]> {
    const reply = new Promise<readonly HostileInput[]>((resolve) => {
      const deadline = setTimeout(() => resolve([]), RECENT_DEADLINE_MS);
      this.#child.on('message', (report: AttackReport) => {
        if (report.type !== 'recent') return;
        clearTimeout(deadline);
        resolve(report.inputs);
      });
    });
    this.#send('recent');
    return reply;
  }

  async stop(): Promise<void> {
    this.#send('stop');
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#exited;
    clearTimeout(killed);
  }

  #on(report: AttackReport): void {
    if (report.type === 'started') this.#isStarted = true;
    else if (report.type === 'finding') this.findings.push(report.finding);
    else if (report.type === 'failed') this.#failure = report.reason;
    else if (report.type === 'progress') {
      this.#inputs = report.inputs;
      this.#casesLeft = report.casesLeft;
    }
  }

  #send(command: 'stop' | 'recent'): void {
    if (this.#child.connected) this.#child.send(command);
  }
}
