import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process as the operating system knows it. */
export interface ProcessRow {
  readonly pid: number;
  readonly groupId: number;
  /** When it started, in the system's own words: with the pid it names one process for good. */
  readonly startedAt: string;
  readonly commandLine: string;
}

/** Every process that lives; those that only wait to be collected do not count. */
export const listProcesses = (): ProcessRow[] =>
  process.platform === 'linux'
    ? readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap((pid) => findProcess(Number(pid)) ?? [])
    : fromPs(['-ax']);

export const findProcess = (pid: number): ProcessRow | undefined =>
  process.platform === 'linux' ? fromProc(pid) : fromPs(['-p', String(pid)])[0];

/** See proc(5): the fields follow the command's name, which is in parentheses and may contain anything. */
function fromProc(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, , groupId] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, groupId: Number(groupId), startedAt: fields[19] ?? '', commandLine };
  } catch {
    return undefined; // it ended meanwhile
  }
}

function fromPs(selection: readonly string[]): ProcessRow[] {
  let output: string;
  try {
    output = execFileSync('ps', [...selection, '-o', 'pid=,pgid=,stat=,lstart=,command='], { encoding: 'utf8' });
  } catch {
    return []; // ps says so when no process is selected
  }
  return output.split('\n').flatMap((line) => {
    const [, pid, groupId, state, startedAt, commandLine] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line) ?? [];
    if (!pid || !groupId || !startedAt || state?.startsWith('Z')) return [];
    return [{ pid: Number(pid), groupId: Number(groupId), startedAt, commandLine: commandLine ?? '' }];
  });
}
