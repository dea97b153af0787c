import type { RecordedFault } from '@parley/load-kit/events';
import type { ProcessEntry } from '@parley/local-cluster';

const LOOK_EVERY_MS = 100;
/** Faults that a process does not outlive. */
const ENDS: ReadonlySet<string> = new Set(['kill', 'restart']);

export interface ExitWatch {
  /** One line for each process that ended more often than it was made to. */
  unasked(faults: readonly RecordedFault[]): string[];
  stop(): void;
}

/** Watches for processes that end by themselves: whatever fails around them, they must not. */
export function watchExits(processes: () => readonly ProcessEntry[]): ExitWatch {
  const pids = new Map<string, Set<number>>();
  const look = () => {
    for (const { name, pid } of processes()) pids.set(name, (pids.get(name) ?? new Set()).add(pid));
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    unasked(faults) {
      return [...pids].flatMap(([name, { size }]) => {
        const ends = faults.filter(({ kind, target }) => ENDS.has(kind) && target === name).length;
        const exits = size - 1 - ends;
        return exits > 0 ? [`${name} ended by itself (${exits} times)`] : [];
      });
    },
    stop: () => clearInterval(timer),
  };
}
