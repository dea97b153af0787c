import { mkdir } from 'node:fs/promises';
import { freePort } from '@parley/load-kit/cluster';
import type { FaultTarget } from '@parley/load-kit/faults';
import { supervisedProcessTarget } from '@parley/load-kit/faults';
import { KeptProcess } from './kept-process.ts';

/** A Redis of its own, which outlives a kill with all that it was told. */
export class RedisServer {
  readonly faultTarget: FaultTarget;
  /** `host:port` */
  readonly address: string;
  readonly #process: KeptProcess;

  private constructor(port: number, directory: string) {
    this.address = `127.0.0.1:${port}`;
    const settings = { port, bind: '127.0.0.1', dir: directory, appendonly: 'yes', appendfsync: 'everysec', save: '' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = new KeptProcess('redis-server', args);
    this.faultTarget = supervisedProcessTarget({ name: 'redis', group: 'redis' }, () => this.#process.pid);
  }

  /** It is on its way then; who connects tries until it answers. */
  static async start(directory: string): Promise<RedisServer> {
    await mkdir(directory, { recursive: true });
    return new RedisServer(await freePort(), directory);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
