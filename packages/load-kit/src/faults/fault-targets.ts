import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LocalCluster } from '@parley/local-cluster';
import { integerBetween, seededRandom } from '../seeded-random.ts';
import type { ClientLink } from './client-link.ts';
import type { Breakable } from './inject-faults.ts';

const nothingToHeal = () => undefined;

/** Signals a process and what it started, such as the workers of nginx. @returns false when it is gone */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** A process that somebody starts again when it is killed; it leads a process group. */
export const restartedProcess = (
  { name, group }: { name: string; group: string },
  pidNow: () => number | undefined,
): Breakable => ({
  name,
  group,
  kinds: ['kill', 'freeze'],
  async break(kind) {
    const pid = pidNow();
    if (pid === undefined) return undefined;
    if (kind === 'kill') return signalGroup(pid, 'SIGKILL') ? nothingToHeal : undefined;
    return signalGroup(pid, 'SIGSTOP') ? () => void signalGroup(pid, 'SIGCONT') : undefined;
  },
});

/** A process of the cluster. */
export const processOf = (cluster: LocalCluster, name: string): Breakable =>
  restartedProcess(
    { name, group: name.replace(/-\d+$/, '') },
    () => cluster.processes().find((entry) => entry.name === name)?.pid,
  );

/** The network of the clients: some of their connections break off. */
export const clientLinks = (link: ClientLink): Breakable => ({
  name: 'clients',
  group: 'clients',
  kinds: ['cut'],
  async break(_kind, seed) {
    const random = seededRandom(seed);
    link.cut(integerBetween(random, 1, 10) / 10, random);
    return nothingToHeal;
  },
});

/** The embedded store: another process holds the lock that every write needs. */
export const sqliteStore = (dataDir: string): Breakable => ({
  name: 'store',
  group: 'store',
  kinds: ['lock'],
  async break() {
    const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { timeout: 0 });
    try {
      database.exec('BEGIN IMMEDIATE');
    } catch {
      database.close(); // a batch is being written: in a moment
      return undefined;
    }
    return () => database.close();
  },
});
