import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LocalCluster } from '@parley/local-cluster';
import { integerBetween, seededRandom } from '../seeded-random.ts';
import type { FaultTarget } from './inject-faults.ts';
import type { NetworkLink } from './network-link.ts';

const nothingToHeal = () => undefined;

/** Signals a process and its group, for example the workers of nginx. @returns false when the process is gone */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** A process that leads a process group and has a supervisor that restarts it. */
export const supervisedProcessTarget = (
  { name, group }: { name: string; group: string },
  currentPid: () => number | undefined,
): FaultTarget => ({
  name,
  group,
  kinds: ['kill', 'freeze'],
  async inject(kind) {
    const pid = currentPid();
    if (pid === undefined) return undefined;
    if (kind === 'kill') return signalGroup(pid, 'SIGKILL') ? nothingToHeal : undefined;
    return signalGroup(pid, 'SIGSTOP') ? () => void signalGroup(pid, 'SIGCONT') : undefined;
  },
});

/** A process of the cluster, by its name. */
export const clusterProcessTarget = (cluster: LocalCluster, name: string): FaultTarget =>
  supervisedProcessTarget(
    { name, group: name.replace(/-\d+$/, '') },
    () => cluster.processes().find((entry) => entry.name === name)?.pid,
  );

/** The clients' network: a random share of their connections is cut. */
export const clientLinkTarget = (link: NetworkLink): FaultTarget => ({
  name: 'clients',
  group: 'clients',
  kinds: ['cut'],
  async inject(_kind, seed) {
    const random = seededRandom(seed);
    link.cut(integerBetween(random, 1, 10) / 10, random);
    return nothingToHeal;
  },
});

/** The embedded store: a write lock is held, so that no batch can be saved. */
export const sqliteStoreTarget = (dataDir: string): FaultTarget => ({
  name: 'store',
  group: 'store',
  kinds: ['lock'],
  async inject() {
    const database = new DatabaseSync(join(dataDir, 'history.sqlite'), { timeout: 0 });
    try {
      database.exec('BEGIN IMMEDIATE');
    } catch {
      database.close(); // a batch is being saved
      return undefined;
    }
    return () => database.close();
  },
});
