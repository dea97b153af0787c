import { pause, STOP_DEADLINE_MS } from '@parley/service-kit';
import type { ProcessRecord } from './data-dir.ts';
import { listProcesses, type ProcessRow } from './process-table.ts';

const LOOK_AGAIN_MS = 50;
const KILLED_WITHIN_MS = 5_000;

/**
 * Ends what a supervisor that was killed left behind: SIGTERM first, SIGKILL for what stays. A process counts as left behind
 * only if its pid, start time and command line are those noted, or if it belongs to the group that such a process
 * led until it died (nginx's workers outlive a killed master).
 */
export async function endOrphanedProcesses(
  noted: readonly ProcessRecord[],
  report: (line: string) => void,
): Promise<void> {
  const left = findOrphans(noted);
  if (left.length === 0) return;
  report(
    `ending what an earlier start left behind: ${left.map(({ pid, program }) => `${program} (${pid})`).join(', ')}`,
  );
  for (const { pid } of left) send(pid, 'SIGTERM');
  if (await allGone(noted, STOP_DEADLINE_MS + 500)) return;
  for (const { pid } of findOrphans(noted)) send(pid, 'SIGKILL');
  if (!(await allGone(noted, KILLED_WITHIN_MS))) {
    const stuck = findOrphans(noted).map(({ pid }) => pid);
    throw new Error(`cannot end what an earlier start left behind (pid ${stuck.join(', ')})`);
  }
}

function findOrphans(noted: readonly ProcessRecord[]): (ProcessRow & { program: string })[] {
  if (noted.length === 0) return [];
  const rows = listProcesses();
  return noted.flatMap(({ pid, startedAt, program }) => {
    const leader = rows.find((row) => row.pid === pid);
    if (leader && leader.startedAt !== startedAt) return []; // the pid is someone else's by now
    return rows
      .filter((row) => (row.pid === pid || row.groupId === pid) && row.commandLine.includes(program))
      .map((row) => ({ ...row, program }));
  });
}

async function allGone(noted: readonly ProcessRecord[], withinMs: number): Promise<boolean> {
  const endsAt = performance.now() + withinMs;
  while (findOrphans(noted).length > 0) {
    if (performance.now() > endsAt) return false;
    await pause(LOOK_AGAIN_MS);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
