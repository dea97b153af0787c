import { integerBetween, oneOf, seededRandom } from '../seeded-random.ts';

export type FaultKind = 'kill' | 'freeze' | 'lock' | 'cut' | 'slow' | 'black-hole';

/** Something that can fail, and how. Targets of one group stand in for each other. */
export interface TargetDescription {
  readonly name: string;
  readonly group: string;
  readonly kinds: readonly FaultKind[];
}

export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  readonly target: TargetDescription;
  /** How long it lasts; of a kill and a cut 0. */
  readonly durationMs: number;
  /** Seeds what the fault itself decides. */
  readonly seed: number;
}

/** Before the first fault, and after the last one has begun. */
const QUIET_MS = 1_500;
const SHORTEST_MS = 1_000;
const LONGEST_MS = 6_000;
/** A killed process is up again about this much later; killed again sooner, it is kept down longer and longer. */
const RESTART_MS = 4_000;
const KILLED_AGAIN_MS = 12_000;
const MOST_DOWN = 3;
/** The share of choices among the targets that were hit least, and of the ways that a target was hit in least. */
const EVENLY = 0.7;

const isMomentary = (kind: FaultKind) => kind === 'kill' || kind === 'cut';

/**
 * The same faults for the same seed and set of targets: spread evenly with some jitter, often overlapping. Never more than
 * three targets are down at once, never all of a group that has more than one, and none is hit while it is down.
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
  const hits = new Map<TargetDescription, number>();
  const ways = new Map(targets.map((target) => [target, new Map<FaultKind, number>()]));
  const killedAt = new Map<TargetDescription, number>();
  return Array.from({ length: faults }, (_, index) => {
    const atMs = Math.round(QUIET_MS + (index + random()) * spacingMs);
    const isDown = (target: TargetDescription) => (downUntil.get(target) ?? 0) > atMs;
    const down = targets.filter(isDown);
    const mayFail = (target: TargetDescription) => {
      if (isDown(target)) return false;
      if (target.kinds.every((kind) => kind === 'cut')) return true;
      const others = targets.filter((other) => other.group === target.group && other !== target);
      return down.length < MOST_DOWN && (others.length === 0 || others.some((other) => !isDown(other)));
    };
    const candidates = targets.filter(mayFail);
    if (candidates.length === 0) throw new Error('there is nothing that can always fail, such as the clients links');
    const choose = <T>(among: readonly T[], chosen: Map<T, number>): T => {
      const choice = oneOf(random, random() < EVENLY ? rarest(among, chosen) : among);
      chosen.set(choice, (chosen.get(choice) ?? 0) + 1);
      return choice;
    };
    const target = choose(candidates, hits);
    const wasKilledLately = atMs - (killedAt.get(target) ?? Number.NEGATIVE_INFINITY) < KILLED_AGAIN_MS;
    const kinds = target.kinds.filter((kind) => kind !== 'kill' || !wasKilledLately);
    const kind = choose(kinds.length > 0 ? kinds : target.kinds, ways.get(target) ?? new Map<FaultKind, number>());
    const lengthMs = integerBetween(random, SHORTEST_MS, LONGEST_MS);
    const seed = Math.floor(random() * 2 ** 32);
    if (kind === 'kill') killedAt.set(target, atMs);
    if (kind !== 'cut') downUntil.set(target, atMs + (kind === 'kill' ? RESTART_MS : lengthMs + 1_000));
    return { atMs, kind, target, durationMs: isMomentary(kind) ? 0 : lengthMs, seed };
  });
}

function rarest<T>(among: readonly T[], chosen: ReadonlyMap<T, number>): T[] {
  const least = Math.min(...among.map((one) => chosen.get(one) ?? 0));
  return among.filter((one) => (chosen.get(one) ?? 0) === least);
}
