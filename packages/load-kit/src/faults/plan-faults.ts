import { integerBetween, oneOf, seededRandom } from '../seeded-random.ts';

interface FaultTraits {
  /** How long it lasts, ms. undefined = it is over at once. */
  readonly durationMs: readonly [min: number, max: number] | undefined;
  /** How long its target stays down after that, about, ms. */
  readonly afterMs: number;
  /** Redis may lose its newest writes. */
  readonly losesRedisData?: true;
  /** Others take over while it lasts. Recovery is measured from its begin. */
  readonly isTakenOver?: true;
}

/** A killed process is up again after about this time. The supervisor waits longer when it is killed again soon. */
const RESTART_MS = 4_000;
const NORMAL = { durationMs: [1_000, 6_000], afterMs: 1_000 } as const;
const FAILOVER = { losesRedisData: true, isTakenOver: true } as const;

/** The kinds of faults. Each target documents its own. */
export const FAULT_KINDS = {
  kill: { durationMs: undefined, afterMs: RESTART_MS },
  freeze: NORMAL,
  lock: NORMAL,
  cut: { durationMs: undefined, afterMs: 0 },
  slow: NORMAL,
  'black-hole': NORMAL,
  isolate: { durationMs: [3_000, 9_000], afterMs: 2_000, isTakenOver: true },
  full: { durationMs: [2_000, 6_000], afterMs: 2_000 },
  'clock-back': { durationMs: undefined, afterMs: RESTART_MS },
  'lose-tail': { durationMs: [300, 2_500], afterMs: 6_000, losesRedisData: true },
  'slow-fsync': { durationMs: [2_500, 4_500], afterMs: 8_000, losesRedisData: true },
  failover: { durationMs: [1_000, 1_000], afterMs: 8_000, ...FAILOVER },
  'kill-master': { durationMs: [1_000, 3_000], afterMs: 12_000, ...FAILOVER },
  'freeze-master': { durationMs: [1_000, 6_000], afterMs: 12_000, ...FAILOVER },
} as const satisfies Record<string, FaultTraits>;

export type FaultKind = keyof typeof FAULT_KINDS;

export const faultTraits = (kind: FaultKind): FaultTraits => FAULT_KINDS[kind];

/** A fault target's name and the faults that it supports. Targets of one group replace each other. */
export interface TargetDescription {
  readonly name: string;
  readonly group: string;
  readonly kinds: readonly FaultKind[];
}

export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: TargetDescription;
  /** 0 for a fault that is over at once. */
  readonly durationMs: number;
  /** Seed for random choices of the fault itself. */
  readonly seed: number;
}

/** Time without faults at the start and at the end. */
const QUIET_MS = 1_500;
const KILL_SPACING_MS = 12_000;
const MAX_DOWN = 3;
/** Share of the choices that are made among the least used targets, and among a target's least used kinds. */
const EVEN_SHARE = 0.7;

/**
 * Plans faults at random. The same seed and set of targets give the same plan. Faults are spread evenly with jitter and often
 * overlap. At most three targets are down at once, never all targets of a group that has several, and no target is hit while it
 * is down. If no target may fail, the fault waits for the next one.
 */
export function planFaults(options: {
  seed: number;
  faults: number;
  seconds: number;
  targets: readonly TargetDescription[];
}): PlannedFault[] {
  const { faults, seconds } = options;
  const targets = options.targets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const random = seededRandom(options.seed);
  const spacingMs = Math.max(0, seconds * 1_000 - 2 * QUIET_MS) / faults;
  const downUntil = new Map<TargetDescription, number>();
  const hitCounts = new Map<TargetDescription, number>();
  const kindCounts = new Map(targets.map((target) => [target, new Map<FaultKind, number>()]));
  const killedAt = new Map<TargetDescription, number>();
  return Array.from({ length: faults }, (_, index) => {
    let atMs = Math.round(QUIET_MS + (index + random()) * spacingMs);
    const isDown = (target: TargetDescription) => (downUntil.get(target) ?? 0) > atMs;
    const mayFail = (target: TargetDescription) => {
      if (isDown(target)) return false;
      const down = targets.filter(isDown);
      if (target.kinds.every((kind) => kind === 'cut')) return true;
      const others = targets.filter((other) => other.group === target.group && other !== target);
      return down.length < MAX_DOWN && (others.length === 0 || others.some((other) => !isDown(other)));
    };
    let candidates = targets.filter(mayFail);
    while (candidates.length === 0) {
      const ends = [...downUntil.values()].filter((endMs) => endMs > atMs);
      if (ends.length === 0) throw new Error('there is no target');
      atMs = Math.min(...ends);
      candidates = targets.filter(mayFail);
    }
    const choose = <T>(among: readonly T[], chosen: Map<T, number>): T => {
      const choice = oneOf(random, random() < EVEN_SHARE ? leastChosen(among, chosen) : among);
      chosen.set(choice, (chosen.get(choice) ?? 0) + 1);
      return choice;
    };
    const target = choose(candidates, hitCounts);
    const wasKilledRecently = atMs - (killedAt.get(target) ?? Number.NEGATIVE_INFINITY) < KILL_SPACING_MS;
    const kinds = target.kinds.filter((kind) => kind !== 'kill' || !wasKilledRecently);
    const kind = choose(
      kinds.length > 0 ? kinds : target.kinds,
      kindCounts.get(target) ?? new Map<FaultKind, number>(),
    );
    const { durationMs: range, afterMs } = faultTraits(kind);
    // Drawn also for a fault without a duration, so that each fault takes the same number of random values.
    const drawnMs = integerBetween(random, ...(range ?? NORMAL.durationMs));
    const durationMs = range ? drawnMs : 0;
    const seed = Math.floor(random() * 2 ** 32);
    if (kind === 'kill') killedAt.set(target, atMs);
    if (durationMs + afterMs > 0) downUntil.set(target, atMs + durationMs + afterMs);
    return { atMs, kind, target, durationMs, seed };
  });
}

function leastChosen<T>(among: readonly T[], chosen: ReadonlyMap<T, number>): T[] {
  const lowest = Math.min(...among.map((option) => chosen.get(option) ?? 0));
  return among.filter((option) => (chosen.get(option) ?? 0) === lowest);
}
