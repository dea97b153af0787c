import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { machineNowMs } from '@parley/load-kit/generator';

/** `getconf CLK_TCK`: 100 on all Linux architectures that Node supports. */
const TICKS_PER_SECOND = 100;

/** Share of a core at which a process counts as saturated. */
const AT_LIMIT = 0.9;

export interface NamedProcess {
  readonly name: string;
  /** Leader of a process group, which counts as a whole. The workers of nginx are in the group of their master. */
  readonly pid: number;
}

/** CPU seconds used so far by each process and by the machine. */
export interface CpuSnapshot {
  readonly atMs: number;
  readonly machineS: number;
  readonly rows: readonly { readonly name: string; readonly pid: number; readonly cpuS: number }[];
}

/** CPU usage between two snapshots. */
export interface CpuUse {
  readonly wallS: number;
  /** CPU seconds by process name. */
  readonly byName: Readonly<Record<string, number>>;
  /** Cores used by processes outside the run. */
  readonly otherCores: number;
  /** Processes at ≥ 90 % of a core, and the machine if all its cores are. */
  readonly atLimit: readonly string[];
}

/**
 * Reads proc(5) for each process. A group leader counts with its group. Other processes count alone: the generator's processes
 * share the group of their parent, which is not counted.
 */
export function readCpu(processes: readonly NamedProcess[]): CpuSnapshot {
  const all = readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) ? (readStat(Number(entry)) ?? []) : []));
  const rows = processes.flatMap(({ name, pid }) =>
    all.filter((row) => row.pid === pid || row.groupId === pid).map((row) => ({ name, pid: row.pid, cpuS: row.cpuS })),
  );
  return { atMs: machineNowMs(), machineS: readMachine(), rows };
}

export function cpuBetween(before: CpuSnapshot, after: CpuSnapshot): CpuUse {
  const wallS = (after.atMs - before.atMs) / 1_000;
  const byName: Record<string, number> = {};
  const atLimit: string[] = [];
  for (const { name, pid, cpuS } of after.rows) {
    const usedS = cpuS - (before.rows.find((row) => row.pid === pid)?.cpuS ?? 0);
    byName[name] = (byName[name] ?? 0) + usedS;
    if (usedS / wallS >= AT_LIMIT) atLimit.push(name);
  }
  const machineS = after.machineS - before.machineS;
  const ownS = Object.values(byName).reduce((sum, usedS) => sum + usedS, 0);
  const cores = availableParallelism();
  if (machineS / wallS >= AT_LIMIT * cores) atLimit.push(`the machine's ${cores} cores`);
  return { wallS, byName, otherCores: Math.max(0, machineS - ownS) / wallS, atLimit: [...new Set(atLimit)] };
}

function readStat(pid: number): { pid: number; groupId: number; cpuS: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, groupId: Number(fields[2]), cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND };
  } catch {
    return undefined; // the process has exited
  }
}

/** Returns the machine's CPU seconds without idle and I/O wait. */
function readMachine(): number {
  const [, ...ticks] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = ticks.map(Number);
  return (user + nice + system + irq + softIrq) / TICKS_PER_SECOND;
}
