import { pause, STOP_DEADLINE_MS } from '@parley/service-kit';
import type { ProcessRecord } from './data-dir.ts';
import { listProcesses, type ProcessRow } from './process-table.ts';

const RETRY_MS = 50;
const KILL_DEADLINE_MS = 5_000;

/**
 * Ends the processes that a killed supervisor has left running: SIGTERM first, SIGKILL after a deadline. A process counts as
 * orphaned only if its pid, start time and command line equal the record, or if it belongs to the process group of such a
 * process (nginx's workers outlive a killed master).
 */
export async function endOrphanedProcesses(
  records: readonly ProcessRecord[],
  report: (line: string) => void,
): Promise<void> {
  const orphans = findOrphans(records);
  if (orphans.length === 0) return;
  report(
    `ending processes that an earlier start left running: ${orphans.map(({ pid, program }) => `${program} (${pid})`).join(', ')}`,
  );
  for (const { pid } of orphans) send(pid, 'SIGTERM');
  if (await haveEnded(records, STOP_DEADLINE_MS + 500)) return;
  for (const { pid } of findOrphans(records)) send(pid, 'SIGKILL');
  if (!(await haveEnded(records, KILL_DEADLINE_MS))) {
    const alive = findOrphans(records).map(({ pid }) => pid);
    throw new Error(`cannot end the processes that an earlier start left running (pid ${alive.join(', ')})`);
  }
}

function findOrphans(records: readonly ProcessRecord[]): (ProcessRow & { program: string })[] {
  if (records.length === 0) return [];
  const rows = listProcesses();
  return records.flatMap(({ pid, startedAt, program }) => {
    const leader = rows.find((row) => row.pid === pid);
    if (leader && leader.startedAt !== startedAt) return []; // the pid has been reused
    return rows
      .filter((row) => (row.pid === pid || row.groupId === pid) && row.commandLine.includes(program))
      .map((row) => ({ ...row, program }));
  });
}

async function haveEnded(records: readonly ProcessRecord[], withinMs: number): Promise<boolean> {
  const endsAt = performance.now() + withinMs;
  while (findOrphans(records).length > 0) {
    if (performance.now() > endsAt) return false;
    await pause(RETRY_MS);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has ended.
  }
}
