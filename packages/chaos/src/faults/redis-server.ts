import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@parley/load-kit/cluster';
import { type FaultTarget, supervisedProcessTarget } from '@parley/load-kit/faults';
import { redisSpec, SupervisedProcess, type Supervision } from '@parley/local-cluster';

const STOP_DEADLINE_MS = 5_000;

/** A Redis of the test bed, started like the cluster's own. Its append-only file survives a kill. */
export class RedisServer {
  readonly faultTarget: FaultTarget;
  /** `host:port` */
  readonly address: string;
  readonly #process: SupervisedProcess;

  private constructor(process: SupervisedProcess) {
    this.#process = process;
    this.address = `127.0.0.1:${process.spec.port}`;
    this.faultTarget = supervisedProcessTarget({ name: 'redis', group: 'redis' }, () => process.pid);
  }

  /** Returns at once. Clients retry until Redis answers. @param directory for Redis's data */
  static async start(directory: string, supervision: Supervision): Promise<RedisServer> {
    mkdirSync(join(directory, 'redis'), { recursive: true });
    const process = new SupervisedProcess(redisSpec(directory, await freePort()), supervision);
    process.start();
    return new RedisServer(process);
  }

  stop(): Promise<void> {
    return this.#process.stop(STOP_DEADLINE_MS);
  }
}
