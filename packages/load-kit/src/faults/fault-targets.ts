import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LocalCluster } from '@parley/local-cluster';
import { integerBetween, seededRandom } from '../seeded-random.ts';
import type { ClientLink } from './client-link.ts';
import type { FaultTarget } from './inject-faults.ts';

const noHealing = () => undefined;

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
export const supervisedProcessTarget = (
  { name, group }: { name: string; group: string },
  pidNow: () => number | undefined,
): FaultTarget => ({
  name,
  group,
  kinds: ['kill', 'freeze'],
  async inject(kind) {
    const pid = pidNow();
    if (pid === undefined) return undefined;
    if (kind === 'kill') return signalGroup(pid, 'SIGKILL') ? noHealing : undefined;
    return signalGroup(pid, 'SIGSTOP') ? () => void signalGroup(pid, 'SIGCONT') : undefined;
  },
});

/** A process of the cluster. */
export const clusterProcessTarget = (cluster: LocalCluster, name: string): FaultTarget =>
  supervisedProcessTarget(
    { name, group: name.replace(/-\d+$/, '') },
    () => cluster.processes().find((entry) => entry.name === name)?.pid,
  );

/** The network of the clients: some of their connections break off. */
export const clientLinkTarget = (link: ClientLink): FaultTarget => ({
  name: 'clients',
  group: 'clients',
  kinds: ['cut'],
  async inject(_kind, seed) {
    const random = seededRandom(seed);
    link.cut(integerBetween(random, 1, 10) / 10, random);
    return noHealing;
  },
});

/** The embedded store: another process holds the lock that every write needs. */
export const sqliteStoreTarget = (dataDir: string): FaultTarget => ({
  name: 'store',
  group: 'store',
  kinds: ['lock'],
  async inject() {
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
