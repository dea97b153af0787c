import { join } from 'node:path';
import type { DataDirLock } from './data-dir.ts';
import { findProcess } from './process-table.ts';
import type { SupervisedProcess } from './supervised-process.ts';
import { writeAtomically } from './write-atomically.ts';

/** A line of `DATA_DIR/processes.json`. */
export interface ProcessEntry {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Where `/metrics` is; null = nowhere. */
  readonly metricsPort: number | null;
}

/** What runs and is up right now. */
export const listRunning = (processes: readonly SupervisedProcess[]): ProcessEntry[] =>
  processes.flatMap(({ spec, pid, isUp }) =>
    isUp && pid !== undefined ? [{ name: spec.name, pid, port: spec.port, metricsPort: spec.metricsPort }] : [],
  );

/**
 * Keeps the two files in step with what runs: the public `processes.json` lists what is up, the private record everything
 * that was started and has not ended yet.
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
