import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { injectFaults, type PlannedFault } from '@parley/load-kit/faults';
import { integerBetween, seededRandom } from '@parley/load-kit/seeded-random';
import { ConfigError, pause } from '@parley/service-kit';
import { REDIS_MODES } from '../redis/redis-rig.ts';
import type { Experiment } from './experiment.ts';

const ROUNDS = 5;
/** Load without a fault before each round, so that the epoch is known to all clients. */
const BEFORE_MS = 4_000;
/** How long the disk is slow before the worker and Redis die, ms. */
const SLOW_MS = [2_500, 4_500] as const;
const RECOVERED_WITHIN_MS = 30_000;

/**
 * Redis runs with `appendfsync everysec` on a disk that needs 1.5 s for an fsync. A worker is killed, and 0.7 s later Redis. Redis
 * acks for up to 2 s what it has not written, so acked messages are lost with every round.
 *
 * @param seconds no round starts after this time; undefined = five rounds
 */
export const slowDisk = (seconds: number | undefined): Experiment => ({
  summary: `a slow disk, a killed worker and a killed Redis, ${seconds === undefined ? `${ROUNDS} rounds` : `for ${seconds} s`}`,
  clientMix: { ...DEFAULT_CLIENT_MIX, secondDevices: 0 },
  redisModes: REDIS_MODES,
  async run({ bed, recorder, seed, report, signal }) {
    const target = bed.faultTargets.find(({ kinds }) => kinds.includes('slow-fsync'));
    if (!target)
      throw new ConfigError(
        'slow-disk needs strace (packages/chaos/install-test-tools.sh) and the right to trace Redis',
      );
    const random = seededRandom(seed);
    const startedAtMs = recorder.nowMs();
    const hasNextRound = (rounds: number) =>
      !signal.aborted && (seconds === undefined ? rounds < ROUNDS : recorder.nowMs() < startedAtMs + seconds * 1_000);
    let rounds = 0;
    for (; hasNextRound(rounds); rounds += 1) {
      await pause(BEFORE_MS, signal);
      const fault: PlannedFault = {
        ...{ atMs: 0, kind: 'slow-fsync', target },
        ...{ durationMs: integerBetween(random, ...SLOW_MS), seed: integerBetween(random, 0, 1_000_000) },
      };
      await injectFaults([fault], [target], { recorder, report, signal }).finished;
    }

    return ({ events, faults, clients }) => {
      const plain = new Set(clients.filter(({ kind }) => kind === 'plain').map(({ name }) => name));
      const acks = events.filter((event) => event.type === 'acked');
      const epochs = new Map<string, Set<string>>();
      for (const event of events) {
        if (event.type !== 'epoch') continue;
        epochs.set(event.conversationId, (epochs.get(event.conversationId) ?? new Set()).add(event.epoch));
      }
      const ended = Math.max(0, ...[...epochs.values()].map(({ size }) => size - 1));
      return [
        { name: 'rounds', value: faults.length, unit: '', bound: { atLeast: rounds } },
        { name: 'epochs that ended', value: ended, unit: '' },
        { name: 'acks of plain clients', value: acks.filter(({ client }) => plain.has(client)).length, unit: '' },
        { name: 'acks of library clients', value: acks.filter(({ client }) => !plain.has(client)).length, unit: '' },
      ];
    };
  },
  recoveredWithinMs: RECOVERED_WITHIN_MS,
});
