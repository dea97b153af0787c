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

/** The inputs and outputs of a benchmark. */
export interface BenchRun {
  readonly options: BenchOptions;
  /** Prints a progress line. */
  report(line: string): void;
  /** Prints a line of the result. */
  print(line: string): void;
  readonly signal: AbortSignal;
}

export type Bench = (run: BenchRun) => Promise<Comparison[]>;

/** Maximum number of clients in one generator process. */
const CLIENTS_PER_PROCESS = 5_000;

/** `--quick` must work on a busy machine: it reconnects all clients when one was rejected. */
const MAX_QUICK_ATTEMPTS = 5;

/** Runs `work` with a temporary directory and removes the directory. */
export async function withTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts a system under test, runs `work`, and stops the system and its clients. */
export async function withSystem<T>(
  run: BenchRun,
  name: SystemName,
  options: Pick<StartOptions, 'nodes' | 'env'>,
  work: (system: SystemUnderTest, connectPool: ConnectPool) => Promise<T>,
): Promise<T> {
  return withTemporaryDirectory(async (directory) => {
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

/** Connects a pool of clients. Closes the previous pool first. */
export type ConnectPool = (request: PoolRequest) => Promise<Generator>;

/** Runs `work` with a function that connects clients to a system, and closes the clients. */
export async function withClientPools<T>(
  run: BenchRun,
  system: SystemUnderTest,
  work: (system: SystemUnderTest, connectPool: ConnectPool) => Promise<T>,
): Promise<T> {
  let generator: Generator | undefined;
  const stopGenerator = () => void generator?.close();
  run.signal.addEventListener('abort', stopGenerator, { once: true });
  const connectPool: ConnectPool = async (request) => {
    for (let attempts = 1; ; attempts += 1) {
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
      if (!run.options.isQuick || attempts === MAX_QUICK_ATTEMPTS)
        throw new Error(`${request.clients - ready} clients could not connect: ${JSON.stringify(failedConnects)}`);
    }
  };
  try {
    return await work(system, connectPool);
  } finally {
    run.signal.removeEventListener('abort', stopGenerator);
    await generator?.close();
  }
}
