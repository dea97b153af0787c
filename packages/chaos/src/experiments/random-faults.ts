import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { FAULT_KINDS, type FaultKind, type FaultTarget, injectFaults, planFaults } from '@parley/load-kit/faults';
import { ConfigError } from '@parley/service-kit';
import { REDIS_MODES, type RedisMode } from '../redis/redis-rig.ts';
import type { Experiment } from './experiment.ts';

/**
 * Injects random faults. Measures nothing besides the checker's verdict.
 *
 * @param kinds undefined = a mix of all kinds that the targets support
 */
export const randomFaults = (faults: number, seconds: number, kinds: readonly FaultKind[] | undefined): Experiment => ({
  summary: `${faults} faults${kinds ? ` of ${kinds.join(', ')}` : ''} in ${seconds} s`,
  clientMix: DEFAULT_CLIENT_MIX,
  redisModes: REDIS_MODES,
  async run({ bed, recorder, seed, report, signal }) {
    const targets = targetsOf(kinds ?? mixFor(bed.redis.mode), bed.faultTargets, kinds ? report : () => undefined);
    const plan = planFaults({ seed, faults, seconds, targets });
    await injectFaults(plan, targets, { recorder, report, signal }).finished;
    return () => [];
  },
});

/**
 * Returns the kinds of a random mix. The masters of a Redis Cluster whose clocks were set back refuse commands after the next failover
 * until the clocks have caught up (`clusterUpdateState` in the source of Redis), whatever their clients do. There that kind is possible
 * only by name, without kinds that cause a failover.
 */
const mixFor = (mode: RedisMode): FaultKind[] =>
  (Object.keys(FAULT_KINDS) as FaultKind[]).filter((kind) => mode !== 'cluster' || kind !== 'clock-back');

/** Returns the targets of these kinds. Reports a kind that no target supports on this machine. */
function targetsOf(
  kinds: readonly FaultKind[],
  all: readonly FaultTarget[],
  report: (line: string) => void,
): FaultTarget[] {
  const targets = all
    .map((target) => ({ ...target, kinds: target.kinds.filter((kind) => kinds.includes(kind)) }))
    .filter((target) => target.kinds.length > 0);
  const missing = kinds.filter((kind) => !targets.some((target) => target.kinds.includes(kind)));
  if (targets.length === 0) throw new ConfigError(`no fault of ${kinds.join(', ')} is possible here`);
  if (missing.length > 0) report(`skipped, not possible here: ${missing.join(', ')}`);
  return targets;
}
