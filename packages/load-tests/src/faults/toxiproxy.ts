import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { pause } from '@parley/service-kit';
import { signalGroup } from './breakables.ts';
import type { Breakable } from './carry-out.ts';
import type { FaultKind } from './plan-faults.ts';

const API_DEADLINE_MS = 5_000;
const START_DEADLINE_MS = 10_000;
const RESTART_MS = 100;
const PROXY = 'redis';

/** What a fault does to the link; https://github.com/Shopify/toxiproxy#toxics */
const TOXICS: Partial<Record<FaultKind, object>> = {
  slow: { type: 'latency', attributes: { latency: 150, jitter: 100 } },
  'black-hole': { type: 'timeout', attributes: { timeout: 0 } },
};

/** @returns the path of toxiproxy-server, undefined where it is not installed */
export async function toxiproxyProgram(): Promise<string | undefined> {
  for (const directory of ['.cache', '.cache/bin', ...(process.env.PATH ?? '').split(delimiter)]) {
    const path = join(directory, 'toxiproxy-server');
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** A Redis of its own that the cluster reaches through toxiproxy only, so that the link to it can fail. */
export class RedisBehindToxiproxy {
  readonly breakables: readonly Breakable[];
  /** For the cluster. */
  readonly url: string;
  /** Past the link. */
  readonly directUrl: string;
  readonly #api: string;
  readonly #proxy: ChildProcess;
  readonly #closing = new AbortController();
  #redis: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(proxy: ChildProcess, ports: { api: number; redis: number; link: number }) {
    this.#proxy = proxy;
    this.#api = `http://127.0.0.1:${ports.api}`;
    this.url = `redis://127.0.0.1:${ports.link}`;
    this.directUrl = `redis://127.0.0.1:${ports.redis}`;
    this.breakables = [
      { name: 'redis', group: 'redis', kinds: ['kill', 'freeze'], break: async (kind) => this.#breakServer(kind) },
      {
        name: 'redis-link',
        group: 'redis',
        kinds: ['slow', 'black-hole', 'cut'],
        break: (kind) => this.#breakLink(kind),
      },
    ];
  }

  static async start(program: string, directory: string): Promise<RedisBehindToxiproxy> {
    const [api = 0, redis = 0, link = 0] = await freePorts(3);
    const proxy = spawn(program, ['-host', '127.0.0.1', '-port', String(api)], { stdio: 'ignore', detached: true });
    proxy.on('error', () => undefined); // shows as an API that does not answer
    const started = new RedisBehindToxiproxy(proxy, { api, redis, link });
    try {
      await started.#start({ redis, link, directory: join(directory, 'redis') });
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    for (const child of [this.#redis, this.#proxy]) if (child?.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    await this.#running;
  }

  async #start({ redis, link, directory }: { redis: number; link: number; directory: string }): Promise<void> {
    await mkdir(directory, { recursive: true });
    this.#running = this.#keepRunning(redis, directory);
    const overdue = AbortSignal.timeout(START_DEADLINE_MS);
    const body = { name: PROXY, listen: `127.0.0.1:${link}`, upstream: `127.0.0.1:${redis}`, enabled: true };
    while (!(await this.#call('POST', '/proxies', body))) {
      if (overdue.aborted) throw new Error('toxiproxy-server does not answer');
      await pause(RESTART_MS, overdue);
    }
  }

  async #keepRunning(port: number, directory: string): Promise<void> {
    const { signal } = this.#closing;
    const settings = { port, bind: '127.0.0.1', dir: directory, appendonly: 'yes', appendfsync: 'everysec', save: '' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    while (!signal.aborted) {
      const child = spawn('redis-server', args, { stdio: 'ignore', detached: true });
      this.#redis = child;
      await Promise.race([once(child, 'exit'), once(child, 'error')]).catch(() => undefined);
      this.#redis = undefined;
      await pause(RESTART_MS, signal);
    }
  }

  #breakServer(kind: FaultKind): (() => void) | undefined {
    const pid = this.#redis?.pid;
    if (pid === undefined || !signalGroup(pid, kind === 'kill' ? 'SIGKILL' : 'SIGSTOP')) return undefined;
    return () => {
      if (kind === 'freeze') signalGroup(pid, 'SIGCONT');
    };
  }

  async #breakLink(kind: FaultKind): Promise<(() => void) | undefined> {
    if (kind === 'cut') {
      const isDown = await this.#call('POST', `/proxies/${PROXY}`, { enabled: false });
      const isUp = await this.#call('POST', `/proxies/${PROXY}`, { enabled: true });
      return isDown && isUp ? () => undefined : undefined;
    }
    const path = `/proxies/${PROXY}/toxics`;
    if (!(await this.#call('POST', path, { name: kind, stream: 'downstream', ...TOXICS[kind] }))) return undefined;
    // toxiproxy closes the connections that a black hole has swallowed from.
    return () => void this.#call('DELETE', `${path}/${kind}`);
  }

  async #call(method: 'POST' | 'DELETE', path: string, body?: object): Promise<boolean> {
    try {
      const response = await fetch(`${this.#api}${path}`, {
        method,
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(API_DEADLINE_MS),
      });
      return response.ok;
    } catch {
      return false;
    }
  }
}

/** Ports on loopback that nothing listens on. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening');
      const address = server.address();
      return typeof address === 'object' && address ? address.port : 0;
    }),
  );
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}
