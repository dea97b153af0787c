import type { FaultTarget } from '@parley/load-kit/faults';
import { supervisedProcessTarget } from '@parley/load-kit/faults';
import { ConfigError, pause } from '@parley/service-kit';
import { MongoClient } from 'mongodb';
import { KeptProcess } from './kept-process.ts';

const UP_DEADLINE_MS = 60_000;
const ASK_EVERY_MS = 300;
const PING_DEADLINE_MS = 1_000;

/** A MongoDB that is started by a command line. */
export class MongodbServer {
  readonly faultTarget: FaultTarget;
  readonly #command: string;
  #process: KeptProcess | undefined;

  constructor(command: string) {
    this.#command = command;
    this.faultTarget = supervisedProcessTarget({ name: 'store', group: 'store' }, () => this.#process?.pid);
  }

  /**
   * Resolves when the server answers at this URL.
   * @throws ConfigError when another one does so already: the faults would not hit it
   */
  async start(url: string, signal: AbortSignal): Promise<void> {
    if (await answers(url)) throw new ConfigError('MONGODB_URL is served already; end that, or omit --mongodb-command');
    this.#process = new KeptProcess('sh', ['-c', this.#command]);
    const overdue = AbortSignal.any([signal, AbortSignal.timeout(UP_DEADLINE_MS)]);
    for (;;) {
      if (await answers(url)) return;
      if (overdue.aborted) throw new Error(`--mongodb-command "${this.#command}" does not answer at ${url}`);
      await pause(ASK_EVERY_MS, overdue);
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}

/** A server that runs already can be frozen, not killed: nobody would start it again. */
export const runningMongodbTarget = (pid: number): FaultTarget => ({
  name: 'store',
  group: 'store',
  kinds: ['freeze'],
  async inject() {
    process.kill(pid, 'SIGSTOP');
    return () => void process.kill(pid, 'SIGCONT');
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
