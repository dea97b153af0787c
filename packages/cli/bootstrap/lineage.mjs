import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

const SHELLS = ['sh', 'dash', 'bash', 'ash', 'zsh', 'busybox'];

/**
 * Returns the pids of the parent and, while that is a shell, of its parents, as one string to compare. The string changes when one
 * of them ends, because its children then get another parent. Without /proc it has the parent only.
 */
export function lineage() {
  const pids = [process.ppid];
  try {
    while (SHELLS.includes(basename(readlinkSync(`/proc/${pids.at(-1)}/exe`)))) {
      pids.push(parentOf(pids.at(-1)));
    }
  } catch {
    // No /proc, or no permission.
  }
  return pids.join(' ');
}

function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
