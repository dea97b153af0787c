import { KINDS, type Kind } from './healthy/observed.ts';
import type { AttackMeasurement } from './measure-attack.ts';
import { isMemoryBack, MAX_GROWTH_AFTER_MB, type ProcessMemory } from './memory-record.ts';

const MAX_P99_RATIO = 3;
/** Always allowed. */
const ALLOWED_P99_MS = 40;
const MAX_GROWTH_MB = 200;

/** A measurement as it is printed and written as JSON. */
export interface Row {
  readonly attack: string;
  readonly summary: string;
  /** By kind of request, in ms; null = no request was answered. */
  readonly p99Ms: Readonly<Record<Kind | 'all', { readonly before: number | null; readonly during: number | null }>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly newcomerMs: number | null;
  readonly memoryMb: readonly ProcessMemory[];
  readonly sent: Readonly<Record<string, number>>;
  /** Bounds that were violated. */
  readonly violations: readonly string[];
}

export function toRow(measurement: AttackMeasurement): Row {
  const { attack, before, during, newcomerMs, memory, counts } = measurement;
  const orNull = (value: number) => (Number.isFinite(value) ? Math.round(value * 10) / 10 : null);
  const p99Of = (kind: Kind | 'all') => ({ before: orNull(before.p99Ms(kind)), during: orNull(during.p99Ms(kind)) });
  const kinds = Object.fromEntries((['all', ...KINDS] as const).map((kind) => [kind, p99Of(kind)]));
  return {
    ...{ attack: attack.name, summary: attack.summary, memoryMb: memory, sent: counts },
    p99Ms: kinds as Row['p99Ms'],
    refusals: refusalsOf(measurement),
    newcomerMs: newcomerMs === undefined ? null : orNull(newcomerMs),
    violations: violationsOf(measurement),
  };
}

/** The refusals during the attack, and those that followed. */
const refusalsOf = ({ during, refusalsAfter }: AttackMeasurement): Record<string, number> => ({
  ...Object.fromEntries(during.refusals),
  ...Object.fromEntries([...refusalsAfter].map(([code, count]) => [`${code} afterwards`, count])),
});

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

function violationsOf(measurement: AttackMeasurement): string[] {
  const { attack, before, during, newcomerMs, memory, exits } = measurement;
  const violations: string[] = [];
  for (const kind of KINDS) {
    const p99Ms = before.p99Ms(kind);
    const bound = Math.max(ALLOWED_P99_MS, MAX_P99_RATIO * p99Ms);
    if (!Number.isNaN(p99Ms) && !(during.p99Ms(kind) <= bound))
      violations.push(`p99 of ${kind} > ${bound.toFixed(0)} ms`);
  }
  const refused = sum(refusalsOf(measurement));
  if (refused > 0) violations.push(`${refused} refusals`);
  for (const process of memory) {
    if (process.peak > process.before + MAX_GROWTH_MB) violations.push(`${process.name} grew by > ${MAX_GROWTH_MB} MB`);
    if (!isMemoryBack(process)) violations.push(`${process.name} kept > ${MAX_GROWTH_AFTER_MB} MB`);
  }
  for (const { name, count } of exits) violations.push(`${name} ended ${count} times`);
  const { newcomerWithinMs = Number.POSITIVE_INFINITY } = attack;
  if (newcomerMs !== undefined && newcomerMs > newcomerWithinMs) {
    violations.push(`newcomer not in after ${newcomerWithinMs / 1_000} s`);
  }
  return violations;
}

const HEAD = [
  'attack',
  ...KINDS.map((kind) => `${kind} p99 ms`),
  'refused',
  'newcomer s',
  'chat server MB',
  'Redis MB',
  'verdict',
];

/** Returns the table of all attacks, each with the values before and during it; memory before, at its peak and after it. */
export const toTable = (rows: readonly Row[]): string[][] => [HEAD, ...rows.map(toCells)];

function toCells({ attack, p99Ms, refusals, newcomerMs, memoryMb, violations }: Row): string[] {
  const isRedis = ({ name }: ProcessMemory) => name === 'redis';
  return [
    attack,
    ...KINDS.map((kind) => `${formatMs(p99Ms[kind].before)} → ${formatMs(p99Ms[kind].during)}`),
    String(sum(refusals)),
    newcomerMs === null ? '–' : (newcomerMs / 1_000).toFixed(1),
    formatMemory(memoryMb.filter((process) => !isRedis(process))),
    formatMemory(memoryMb.filter(isRedis)),
    violations.length === 0 ? 'within bounds' : 'OUT OF BOUNDS',
  ];
}

const formatMs = (ms: number | null): string => (ms === null ? '–' : ms.toFixed(ms < 10 ? 1 : 0));

/** The process that grew most. */
function formatMemory(processes: readonly ProcessMemory[]): string {
  const [worst] = processes.toSorted((a, b) => b.peak - b.before - (a.peak - a.before));
  return worst ? [worst.before, worst.peak, worst.after].map((mb) => mb.toFixed(0)).join(' → ') : '–';
}
