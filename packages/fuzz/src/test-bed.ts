import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestCluster } from '@parley/load-kit/cluster';
import type { LocalCluster, ProcessEntry } from '@parley/local-cluster';

export const NODES = 3;
const WORKERS = 1;
/** The healthy users and all attackers have a slot each. */
const MAX_CLIENTS = 50;
/** No token expires in a run, unless it is a hostile input. */
const ACCESS_TOKEN_TTL_MS = 7_200_000;

/** A cluster for one run, with its own directory. */
export interface TestBed {
  readonly cluster: LocalCluster & { readonly port: number };
  /** Data and logs. */
  readonly directory: string;
  chatServers(): ProcessEntry[];
  stop(): Promise<void>;
}

/** Starts a test bed. */
export async function startTestBed(options: { report: (line: string) => void; signal: AbortSignal }): Promise<TestBed> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-fuzz-'));
  const cluster = await startTestCluster({
    ...options,
    directory,
    settings: {
      NODES: String(NODES),
      WORKERS: String(WORKERS),
      MAX_CLIENTS: String(MAX_CLIENTS),
      ACCESS_TOKEN_TTL_MS: String(ACCESS_TOKEN_TTL_MS),
    },
  });
  return {
    ...{ cluster, directory },
    chatServers: () => cluster.processes().filter(({ name }) => name.startsWith('chat-server-')),
    stop: () => cluster.stop(),
  };
}

/** Returns the source addresses of attackers: 127.0.0.2 and up, or 127.0.0.1 where the system has only that one. */
export async function attackAddresses(count: number): Promise<string[]> {
  const addresses = Array.from({ length: count }, (_, index) => `127.0.0.${index + 2}`);
  return (await canUse(addresses[0] ?? '')) ? addresses : addresses.map(() => '127.0.0.1');
}

function canUse(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}
