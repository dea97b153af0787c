import { join } from 'node:path';
import type { DataDirLock } from './data-dir.ts';
import { findProcess } from './process-table.ts';
import type { SupervisedProcess } from './supervised-process.ts';
import { writeAtomically } from './write-atomically.ts';

/** An entry of `DATA_DIR/processes.json`. */
export interface ProcessEntry {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Port of `/metrics`; null if it has none. */
  readonly metricsPort: number | null;
}

/** Returns the processes that are up. */
export const listRunning = (processes: readonly SupervisedProcess[]): ProcessEntry[] =>
  processes.flatMap(({ spec, pid, isUp }) =>
    isUp && pid !== undefined ? [{ name: spec.name, pid, port: spec.port, metricsPort: spec.metricsPort }] : [],
  );

/**
 * Updates both lists of processes: the public `processes.json` has those that are up, the private record of the directory lock
 * has all that were started and have not ended.
 */
export function writeProcessFiles(dataDir: string, lock: DataDirLock, processes: readonly SupervisedProcess[]): void {
  lock.record(
    processes.flatMap(({ spec, pid }) => {
      const row = pid === undefined ? undefined : findProcess(pid);
      return row ? [{ name: spec.name, pid: row.pid, startedAt: row.startedAt, program: spec.program }] : [];
    }),
  );
  writeAtomically(join(dataDir, 'processes.json'), `${JSON.stringify(listRunning(processes), null, 2)}\n`);
}
