import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

const SHELLS = ['sh', 'dash', 'bash', 'ash', 'zsh', 'busybox'];

/**
 * The processes that wait for this one: its parent, and, as long as that is a shell, the one above. It changes when one of
 * them dies, because then someone else takes its children. Where there is no /proc: the parent.
 *
 * @returns their ids, as one comparable text
 */
export function lineage() {
  const pids = [process.ppid];
  try {
    while (SHELLS.includes(basename(readlinkSync(`/proc/${pids.at(-1)}/exe`)))) {
      pids.push(parentOf(pids.at(-1)));
    }
  } catch {
    // No /proc, or the top of what may be looked at.
  }
  return pids.join(' ');
}

function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
