import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { pause } from '@parley/service-kit';
import { MongoClient } from 'mongodb';
import { signalGroup } from './breakables.ts';
import type { Breakable } from './carry-out.ts';

const UP_DEADLINE_MS = 60_000;
const RESTART_MS = 300;
const PING_DEADLINE_MS = 1_000;

/** A MongoDB that is started by a command line, in a process group of its own, and again when it is killed. */
export class MongodbServer {
  readonly breakable: Breakable;
  readonly #command: string;
  readonly #closing = new AbortController();
  #child: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(command: string) {
    this.#command = command;
    this.breakable = {
      name: 'store',
      group: 'store',
      kinds: ['kill', 'freeze'],
      break: async (kind) => {
        const pid = this.#child?.pid;
        if (pid === undefined || !signalGroup(pid, kind === 'kill' ? 'SIGKILL' : 'SIGSTOP')) return undefined;
        return () => {
          if (kind === 'freeze') signalGroup(pid, 'SIGCONT');
        };
      },
    };
  }

  /** Resolves when the server answers at this URL. */
  async start(url: string, signal: AbortSignal): Promise<void> {
    this.#running = this.#keepRunning();
    const overdue = AbortSignal.any([signal, AbortSignal.timeout(UP_DEADLINE_MS)]);
    for (;;) {
      if (await answers(url)) return;
      if (overdue.aborted) throw new Error(`--mongodb-command "${this.#command}" does not answer at ${url}`);
      await pause(RESTART_MS, overdue);
    }
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, 'SIGKILL');
    await this.#running;
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const child = spawn('sh', ['-c', this.#command], { detached: true, stdio: 'ignore' });
      this.#child = child;
      await Promise.race([once(child, 'exit'), once(child, 'error')]).catch(() => undefined);
      this.#child = undefined;
      await pause(RESTART_MS, signal);
    }
  }
}

/** A server that runs already can be frozen, not killed: nobody would start it again. */
export const runningMongodb = (pid: number): Breakable => ({
  name: 'store',
  group: 'store',
  kinds: ['freeze'],
  async break() {
    process.kill(pid, 'SIGSTOP');
    return () => process.kill(pid, 'SIGCONT');
  },
});

async function answers(url: string): Promise<boolean> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: PING_DEADLINE_MS });
  try {
    await client.db().command({ ping: 1 });
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}
