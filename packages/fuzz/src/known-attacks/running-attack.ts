import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** An attack ends when its last requests are answered, or with its process. */
const STOP_DEADLINE_MS = 1_000;
const PREPARE_DEADLINE_MS = 180_000;

export type AttackCommand =
  | { readonly type: 'prepare'; readonly name: string; readonly port: number; readonly addresses: readonly string[] }
  | { readonly type: 'start'; readonly victims: readonly string[] }
  | { readonly type: 'stop' };

export type AttackReport =
  | { readonly type: 'prepared' }
  | { readonly type: 'counts'; readonly counts: Readonly<Record<string, number>> }
  | { readonly type: 'failed'; readonly reason: string };

/** An attack in its own process: `prepare`, `start`, `stop`. */
export class RunningAttack {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #counts: Readonly<Record<string, number>> = {};
  #failure: string | undefined;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./attack-process.ts', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.on('error', () => undefined); // an IPC error; `exit` follows
    this.#child.on('message', (report: AttackReport) => {
      if (report.type === 'counts') this.#counts = report.counts;
      if (report.type === 'failed') this.#failure = report.reason;
    });
  }

  /** Counts of sent and answered things so far. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  /** @throws Error if the attackers could not sign up or write their data */
  async prepare(command: Omit<Extract<AttackCommand, { type: 'prepare' }>, 'type'>): Promise<void> {
    const prepared = new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error('the attack was not prepared in time')), PREPARE_DEADLINE_MS).unref();
      this.#child.on('message', (report: AttackReport) => {
        if (report.type === 'prepared') resolve();
        if (report.type === 'failed') reject(new Error(report.reason));
      });
      this.#child.on('exit', () => reject(new Error('the process of the attackers ended')));
    });
    this.#send({ type: 'prepare', ...command });
    await prepared;
  }

  start(victims: readonly string[]): void {
    this.#send({ type: 'start', victims });
  }

  /** Ends the attack and its connections. @throws Error if the attack itself failed */
  async stop(): Promise<void> {
    this.#send({ type: 'stop' });
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.#exited;
    clearTimeout(killed);
    if (this.#failure) throw new Error(`the attack failed: ${this.#failure}`);
  }

  #send(command: AttackCommand): void {
    if (this.#child.connected) this.#child.send(command);
  }
}
