import { type FaultTarget, supervisedProcessTarget } from '@parley/load-kit/faults';
import { type ProcessSpec, SupervisedProcess, type Supervision } from '@parley/local-cluster';
import { ConfigError, pause } from '@parley/service-kit';
import { MongoClient } from 'mongodb';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 5_000;
const POLL_INTERVAL_MS = 300;
const PING_DEADLINE_MS = 1_000;

/** A MongoDB that a given command line starts. */
export class MongodbServer {
  readonly faultTarget: FaultTarget;
  readonly #command: string;
  #process: SupervisedProcess | undefined;

  constructor(command: string) {
    this.#command = command;
    this.faultTarget = supervisedProcessTarget({ name: 'store', group: 'store' }, () => this.#process?.pid);
  }

  /**
   * Starts the server and resolves when it answers at this URL.
   *
   * @throws ConfigError when another server already answers there: faults would not affect it
   */
  async start(url: string, supervision: Supervision, signal: AbortSignal): Promise<void> {
    if (await answers(url)) {
      throw new ConfigError('A server already answers at MONGODB_URL. Stop it, or omit --mongodb-command.');
    }
    this.#process = new SupervisedProcess(mongodbSpec(this.#command, url), supervision);
    this.#process.start();
    const stopped = AbortSignal.any([signal, AbortSignal.timeout(START_DEADLINE_MS)]);
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = () => reject(new Error(`--mongodb-command "${this.#command}" does not answer at ${url}`));
      stopped.addEventListener('abort', onAbort, { once: true });
    });
    await Promise.race([this.#process.firstUp, aborted]);
  }

  async stop(): Promise<void> {
    await this.#process?.stop(STOP_DEADLINE_MS);
  }
}

/** A server that was already running. It can be frozen but not killed, because nothing would restart it. */
export const runningMongodbTarget = (pid: number): FaultTarget => ({
  name: 'store',
  group: 'store',
  kinds: ['freeze'],
  async inject() {
    process.kill(pid, 'SIGSTOP');
    return () => void process.kill(pid, 'SIGCONT');
  },
});

const mongodbSpec = (command: string, url: string): ProcessSpec => ({
  name: 'mongodb',
  command: 'sh',
  args: ['-c', command],
  env: process.env,
  ipc: false,
  program: command,
  port: Number(/:(\d+)/.exec(url.replace(/^[^:]+:\/\/(?:[^@/]*@)?/, ''))?.[1] ?? 27_017),
  metricsPort: null,
  async readinessProbe(_child, signal) {
    while (!(await answers(url))) {
      await pause(POLL_INTERVAL_MS, signal);
      signal.throwIfAborted();
    }
  },
  startDeadlineMs: START_DEADLINE_MS,
  stopSignal: 'SIGTERM',
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
