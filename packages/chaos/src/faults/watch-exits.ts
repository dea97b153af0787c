import type { RecordedFault } from '@parley/load-kit/events';
import type { ProcessEntry } from '@parley/local-cluster';

const POLL_INTERVAL_MS = 100;
/** Faults after which a process has a new pid. */
const ENDING_FAULTS: ReadonlySet<string> = new Set(['kill', 'restart']);

export interface ExitWatch {
  /** Returns one line for each process that exited more often than the faults explain. */
  unexpectedExits(faults: readonly RecordedFault[]): string[];
  stop(): void;
}

/** Watches for unexpected exits. No process may exit because of a fault in another part of the cluster. */
export function watchExits(processes: () => readonly ProcessEntry[]): ExitWatch {
  const pids = new Map<string, Set<number>>();
  const poll = () => {
    for (const { name, pid } of processes()) pids.set(name, (pids.get(name) ?? new Set()).add(pid));
  };
  poll();
  const timer = setInterval(poll, POLL_INTERVAL_MS);
  return {
    unexpectedExits(faults) {
      return [...pids].flatMap(([name, { size }]) => {
        const expected = faults.filter(
          ({ kind, target, killed }) => (ENDING_FAULTS.has(kind) && target === name) || killed?.includes(name),
        ).length;
        const exits = size - 1 - expected;
        return exits > 0 ? [`${name} exited unexpectedly (${exits} times)`] : [];
      });
    },
    stop: () => clearInterval(timer),
  };
}
