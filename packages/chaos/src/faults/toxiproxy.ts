import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@parley/load-kit/cluster';
import { pause } from '@parley/service-kit';

const CACHE = fileURLToPath(new URL('../../../../.cache/bin', import.meta.url));
const CALL_DEADLINE_MS = 5_000;
const START_DEADLINE_MS = 60_000;
/** A proxy answers late while it waits for a frozen process to take what is on its way. */
const INSIST_DEADLINE_MS = 30_000;
const AGAIN_MS = 100;

/** What to do where `toxiproxyProgram` finds none. */
export const NO_TOXIPROXY = 'toxiproxy-server is not installed (packages/chaos/install-test-tools.sh)';

/** @returns the path of toxiproxy-server, undefined where it is not installed */
export async function toxiproxyProgram(): Promise<string | undefined> {
  for (const directory of [CACHE, ...(process.env.PATH ?? '').split(delimiter)]) {
    const path = join(directory, 'toxiproxy-server');
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** One toxiproxy process, which carries any number of links: https://github.com/Shopify/toxiproxy#http-api */
export class Toxiproxy {
  readonly #api: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(program: string, port: number) {
    this.#api = `http://127.0.0.1:${port}`;
    this.#process = spawn(program, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore', detached: true });
    this.#ended = once(this.#process, 'exit').catch(() => undefined);
  }

  /** @throws Error when it does not answer in time */
  static async start(program: string): Promise<Toxiproxy> {
    const started = new Toxiproxy(program, await freePort());
    try {
      await started.insist('GET', '/version', { withinMs: START_DEADLINE_MS });
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** @returns undefined when the answer is no success, or there is none in time */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Response | undefined> {
    try {
      const response = await fetch(`${this.#api}${path}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(CALL_DEADLINE_MS),
      });
      return response.ok || (method === 'DELETE' && response.status === 404) ? response : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * The same until it succeeds.
   * @throws Error when it does not in time: then nothing that a run shows could be trusted
   */
  async insist(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    { body, withinMs = INSIST_DEADLINE_MS }: { body?: object; withinMs?: number } = {},
  ): Promise<Response> {
    const endsAt = performance.now() + withinMs;
    for (;;) {
      const response = await this.call(method, path, body);
      if (response) return response;
      if (performance.now() >= endsAt) throw new Error(`toxiproxy-server does not carry out ${method} ${path}`);
      await pause(AGAIN_MS);
    }
  }
}
