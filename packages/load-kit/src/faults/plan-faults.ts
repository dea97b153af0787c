import { integerBetween, oneOf, seededRandom } from '../seeded-random.ts';

export type FaultKind = 'kill' | 'freeze' | 'lock' | 'cut' | 'slow' | 'black-hole';

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
  /** 0 for a kill and a cut. */
  readonly durationMs: number;
  /** Seed for random choices of the fault itself. */
  readonly seed: number;
}

/** Time without faults at the start and at the end. */
const QUIET_MS = 1_500;
const MIN_DURATION_MS = 1_000;
const MAX_DURATION_MS = 6_000;
/** A killed process is up again after about this time. The supervisor waits longer when it is killed again soon. */
const RESTART_MS = 4_000;
const KILL_SPACING_MS = 12_000;
const MAX_DOWN = 3;
/** Share of the choices that are made among the least used targets, and among a target's least used kinds. */
const EVEN_SHARE = 0.7;

const isInstant = (kind: FaultKind) => kind === 'kill' || kind === 'cut';

/**
 * Plans faults at random. The same seed and set of targets give the same plan. Faults are spread evenly with jitter and often
 * overlap. At most three targets are down at once, never all targets of a group that has several, and no target is hit while it
 * is down.
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
    const atMs = Math.round(QUIET_MS + (index + random()) * spacingMs);
    const isDown = (target: TargetDescription) => (downUntil.get(target) ?? 0) > atMs;
    const down = targets.filter(isDown);
    const mayFail = (target: TargetDescription) => {
      if (isDown(target)) return false;
      if (target.kinds.every((kind) => kind === 'cut')) return true;
      const others = targets.filter((other) => other.group === target.group && other !== target);
      return down.length < MAX_DOWN && (others.length === 0 || others.some((other) => !isDown(other)));
    };
    const candidates = targets.filter(mayFail);
    if (candidates.length === 0)
      throw new Error('no target is available; one that can only be cut, such as the client link, must exist');
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
    const durationMs = integerBetween(random, MIN_DURATION_MS, MAX_DURATION_MS);
    const seed = Math.floor(random() * 2 ** 32);
    if (kind === 'kill') killedAt.set(target, atMs);
    if (kind !== 'cut') downUntil.set(target, atMs + (kind === 'kill' ? RESTART_MS : durationMs + 1_000));
    return { atMs, kind, target, durationMs: isInstant(kind) ? 0 : durationMs, seed };
  });
}

function leastChosen<T>(among: readonly T[], chosen: ReadonlyMap<T, number>): T[] {
  const lowest = Math.min(...among.map((option) => chosen.get(option) ?? 0));
  return among.filter((option) => (chosen.get(option) ?? 0) === lowest);
}
