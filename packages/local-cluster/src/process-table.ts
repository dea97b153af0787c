import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** An entry of the operating system's process table. */
export interface ProcessRow {
  readonly pid: number;
  readonly groupId: number;
  /** Start time as the system prints it. Pid and start time identify one process, even if the pid is reused. */
  readonly startedAt: string;
  readonly commandLine: string;
}

/** Returns all processes except zombies. */
export const listProcesses = (): ProcessRow[] =>
  process.platform === 'linux'
    ? readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap((pid) => findProcess(Number(pid)) ?? [])
    : fromPs(['-ax']);

export const findProcess = (pid: number): ProcessRow | undefined =>
  process.platform === 'linux' ? fromProc(pid) : fromPs(['-p', String(pid)])[0];

/** Parses /proc as described in proc(5). The command name is in parentheses and may itself contain parentheses and spaces. */
function fromProc(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, , groupId] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, groupId: Number(groupId), startedAt: fields[19] ?? '', commandLine };
  } catch {
    return undefined; // it has ended
  }
}

function fromPs(selection: readonly string[]): ProcessRow[] {
  let output: string;
  try {
    output = execFileSync('ps', [...selection, '-o', 'pid=,pgid=,stat=,lstart=,command='], { encoding: 'utf8' });
  } catch {
    return []; // ps fails if no process matches
  }
  return output.split('\n').flatMap((line) => {
    const [, pid, groupId, state, startedAt, commandLine] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line) ?? [];
    if (!pid || !groupId || !startedAt || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), groupId: Number(groupId), startedAt, commandLine: commandLine ?? '' }];
  });
}
