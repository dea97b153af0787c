import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pause } from '@parley/service-kit';
import type { SystemUnderTest } from './system-under-test.ts';

const PROBE = pathToFileURL(join(import.meta.dirname, 'probe.ts')).href;
const DEADLINE_MS = 30_000;
const POLL_INTERVAL_MS = 20;

/** The values that `probe.ts` writes for a server. */
export interface ProbeReading {
  readonly rssBytes: number;
  /** The longest block of the event loop since the previous reading. */
  readonly blockedMs: number;
}

/** Returns environment variables that preload the probe. It writes into `directory`. */
export const probeEnv = (directory: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--expose-gc --import=${PROBE}`,
  BENCH_PROBE_DIR: directory,
});

/** Reads the probe of each chat server. */
export function readProbes(system: SystemUnderTest, directory: string, signal: AbortSignal): Promise<ProbeReading[]> {
  const servers = system.processes.filter(({ name }) => name === 'servers');
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  return Promise.all(
    servers.map(async ({ pid }) => {
      const file = join(directory, `${pid}.json`);
      rmSync(file, { force: true });
      process.kill(pid, 'SIGUSR2');
      while (!existsSync(file)) {
        overdue.throwIfAborted();
        await pause(POLL_INTERVAL_MS, overdue);
      }
      return JSON.parse(readFileSync(file, 'utf8')) as ProbeReading;
    }),
  );
}
