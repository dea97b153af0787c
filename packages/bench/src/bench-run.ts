import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientPoolOptions } from '@parley/load-kit/generator';
import { Generator } from '@parley/load-kit/generator';
import type { Comparison } from './comparison.ts';
import type { BenchOptions } from './options.ts';
import { startParley } from './start-parley.ts';
import { startPlain } from './start-plain.ts';
import type { StartOptions, SystemName, SystemUnderTest } from './system-under-test.ts';

/** What a bench is given. */
export interface BenchRun {
  readonly options: BenchOptions;
  /** A progress line. */
  report(line: string): void;
  /** A line of the result. */
  print(line: string): void;
  readonly signal: AbortSignal;
}

export type Bench = (run: BenchRun) => Promise<Comparison[]>;

/** As many of the generator's clients as one process shall have. */
const CLIENTS_PER_PROCESS = 5_000;

/** A quick run shows that everything works, on however busy a machine: it gathers its clients again where one was turned away. */
const QUICK_TRIES = 5;

/** Runs `work` in a directory of its own, which is gone afterwards. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts a fresh system, and stops it and its generators after `work`. */
export async function withSystem<T>(
  run: BenchRun,
  name: SystemName,
  options: Pick<StartOptions, 'nodes' | 'env'>,
  work: (system: SystemUnderTest, connectPool: ConnectPool) => Promise<T>,
): Promise<T> {
  return inDirectory(async (directory) => {
    const start = name === 'parley' ? startParley : startPlain;
    const system = await start({ ...options, directory, signal: run.signal });
    try {
      return await withClientPools(run, system, work);
    } finally {
      await system.stop();
    }
  });
}

export type PoolRequest = Pick<ClientPoolOptions, 'clients'> &
  Partial<Omit<ClientPoolOptions, 'name' | 'firstIndex' | 'address' | 'adapter'>>;

/** Connects a pool; an earlier one is gone then. */
export type ConnectPool = (request: PoolRequest) => Promise<Generator>;

/** Lets `work` connectPool clients of a system, and ends them afterwards. */
export async function withClientPools<T>(
  run: BenchRun,
  system: SystemUnderTest,
  work: (system: SystemUnderTest, connectPool: ConnectPool) => Promise<T>,
): Promise<T> {
  let generator: Generator | undefined;
  const stopGenerator = () => void generator?.close();
  run.signal.addEventListener('abort', stopGenerator, { once: true });
  const connectPool: ConnectPool = async (request) => {
    for (let tries = 1; ; tries += 1) {
      await generator?.close();
      generator = new Generator(Math.ceil(request.clients / CLIENTS_PER_PROCESS));
      await generator.connect({
        address: system.address,
        adapter: system.adapter,
        rooms: ['lobby'],
        roomSize: request.clients,
        connectsInFlight: 50,
        reconnects: false,
        ...request,
      });
      const { ready, failedConnects } = await generator.report();
      if (ready >= request.clients || request.reconnects) return generator;
      if (!run.options.isQuick || tries === QUICK_TRIES)
        throw new Error(`${request.clients - ready} clients did not get in: ${JSON.stringify(failedConnects)}`);
    }
  };
  try {
    return await work(system, connectPool);
  } finally {
    run.signal.removeEventListener('abort', stopGenerator);
    await generator?.close();
  }
}
