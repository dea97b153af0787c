import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@parley/load-kit/cluster';
import { pause } from '@parley/service-kit';
import { Toxiproxy as ToxiproxyApi, type Proxy as ToxiproxyProxy } from 'toxiproxy-node-client';

const CACHE = fileURLToPath(new URL('../../../../.cache/bin', import.meta.url));
const CALL_DEADLINE_MS = 5_000;
const START_DEADLINE_MS = 60_000;
/** A proxy answers late while it waits for a frozen process to read its buffered bytes. */
const RETRY_DEADLINE_MS = 30_000;
const RETRY_MS = 100;

/** Printed if toxiproxy-server is missing. */
export const NO_TOXIPROXY = 'toxiproxy-server is not installed (packages/chaos/install-test-tools.sh)';

/** Returns the path of toxiproxy-server, or undefined if it is not installed. */
export async function findToxiproxy(): Promise<string | undefined> {
  for (const directory of [CACHE, ...(process.env.PATH ?? '').split(delimiter)]) {
    const path = join(directory, 'toxiproxy-server');
    const isExecutable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return path;
  }
  return undefined;
}

/** A toxiproxy-server process with any number of proxies. */
export class Toxiproxy {
  readonly #api: ToxiproxyApi;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(program: string, port: number) {
    this.#api = new ToxiproxyApi(`http://127.0.0.1:${port}`);
    this.#process = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore', detached: true });
    this.#ended = once(this.#process, 'exit').catch(() => undefined);
  }

  /** @throws Error when the process does not answer within 60 s */
  static async start(program: string): Promise<Toxiproxy> {
    const toxiproxy = new Toxiproxy(program, await freePort());
    try {
      await retryCall('start', () => toxiproxy.#api.getVersion(), START_DEADLINE_MS);
    } catch (error) {
      await toxiproxy.stop();
      throw error;
    }
    return toxiproxy;
  }

  /** Creates a proxy on a free port. @param upstream `host:port` */
  createProxy(name: string, upstream: string): Promise<ToxiproxyProxy> {
    return withDeadline(this.#api.createProxy({ name, listen: '127.0.0.1:0', upstream, enabled: true }));
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

/** Makes one call. @returns undefined when it fails or is not answered within 5 s */
export async function tryCall<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await withDeadline(call());
  } catch {
    return undefined;
  }
}

/**
 * Repeats a call until it succeeds.
 *
 * @throws Error when it does not succeed in time. A fault that cannot be healed makes the whole run meaningless.
 */
export async function retryCall<T>(what: string, call: () => Promise<T>, withinMs = RETRY_DEADLINE_MS): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await withDeadline(call());
    } catch (cause) {
      if (performance.now() >= deadline) throw new Error(`toxiproxy-server failed to ${what}`, { cause });
    }
    await pause(RETRY_MS);
  }
}

/** toxiproxy-node-client has no deadlines of its own. */
async function withDeadline<T>(call: Promise<T>): Promise<T> {
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${CALL_DEADLINE_MS} ms`)), CALL_DEADLINE_MS);
  try {
    return await Promise.race([call, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
