import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { signalGroup } from '@parley/load-kit/faults';
import { pause } from '@parley/service-kit';

const RESTART_MS = 200;

/** A program in a process group of its own, which is started again whenever it ends. */
export class KeptProcess {
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #child: ChildProcess | undefined;

  constructor(command: string, args: readonly string[]) {
    this.#command = command;
    this.#args = args;
    this.#running = this.#keepRunning();
  }

  /** Undefined between two starts. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    if (this.pid !== undefined) signalGroup(this.pid, 'SIGKILL');
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const child = spawn(this.#command, this.#args, { detached: true, stdio: 'ignore' });
      this.#child = child;
      await once(child, 'exit').catch(() => undefined); // it could not be started: seen by who waits for its answer
      this.#child = undefined;
      await pause(RESTART_MS, signal);
    }
  }
}
