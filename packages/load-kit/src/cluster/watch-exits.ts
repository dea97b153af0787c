import type { ProcessEntry } from '@parley/local-cluster';
import type { RecordedFault } from '../events/event-record.ts';

const POLL_INTERVAL_MS = 100;
/** Faults after which a process has a new pid. */
const ENDING_FAULTS: ReadonlySet<string> = new Set(['kill', 'restart']);

export interface ExitWatch {
  /** Returns the processes that exited more often than the faults explain. */
  unexpectedExits(faults?: readonly RecordedFault[]): { name: string; count: number }[];
  stop(): void;
}

/** Watches for unexpected exits. No process may exit because of a fault in another part of the cluster, or because of an input. */
export function watchExits(processes: () => readonly ProcessEntry[]): ExitWatch {
  const pids = new Map<string, Set<number>>();
  const poll = () => {
    for (const { name, pid } of processes()) pids.set(name, (pids.get(name) ?? new Set()).add(pid));
  };
  poll();
  const timer = setInterval(poll, POLL_INTERVAL_MS);
  return {
    unexpectedExits(faults = []) {
      return [...pids].flatMap(([name, { size }]) => {
        const expected = faults.filter(
          ({ kind, target, killed }) => (ENDING_FAULTS.has(kind) && target === name) || killed?.includes(name),
        ).length;
        const count = size - 1 - expected;
        return count > 0 ? [{ name, count }] : [];
      });
    },
    stop: () => clearInterval(timer),
  };
}
