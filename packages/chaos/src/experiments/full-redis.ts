import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { isIn, type Period, type RecordedEvent } from '@parley/load-kit/events';
import type { ProcessEntry } from '@parley/local-cluster';
import { pause } from '@parley/service-kit';
import { REDIS_MODES } from '../redis/redis-rig.ts';
import type { TestBed } from '../test-bed.ts';
import { chatServersOf, isReady, readyStatus } from './chat-servers.ts';
import type { Experiment } from './experiment.ts';

const MAX_MEMORY_MB = 24;
/** A client is read at 1 MB/s. The workers free memory faster than one alone fills it. */
const FLOOD_SENDERS = 4;
/** From this share of the limit on, new messages get `BUSY`. */
const NEAR_LIMIT = 0.9;
/** A Cluster has three masters to fill. */
const FILLED_WITHIN_MS = 180_000;
/** Load without a flood, for comparison. */
const BEFORE_MS = 5_000;
const AFTER_MS = 5_000;
/** The recent windows of so many groups exceed the memory of three masters. */
const GROUPS = 36;
const RECOVERED_WITHIN_MS = 20_000;
const RESTARTED_WITHIN_MS = 30_000;
const WINDOW_MS = 5_000;
const POLL_INTERVAL_MS = 100;

/**
 * Four clients send long texts to many groups as fast as they can, until Redis is full, and then for some seconds more. All others continue.
 * A worker and a chat server are killed during the flood, and must start while Redis is full. After the flood everything must work
 * again without help.
 */
export const fullRedis = (seconds: number): Experiment => ({
  summary: `${FLOOD_SENDERS} clients fill a Redis of ${MAX_MEMORY_MB} MB and continue for ${seconds} s`,
  clientMix: {
    ...DEFAULT_CLIENT_MIX,
    ...{ plainClients: 16, libraryClients: 16, listeners: 1, floodSenders: FLOOD_SENDERS, secondDevices: 0 },
    ...{ floodGroups: GROUPS, floodPauseMs: [0, 2], floodsOnDemand: true },
  },
  maxMemoryMb: MAX_MEMORY_MB,
  redisModes: REDIS_MODES,
  recoveredWithinMs: RECOVERED_WITHIN_MS,
  async run({ bed, workload, recorder, report, signal }) {
    await pause(BEFORE_MS, signal);
    const before: Period = { fromMs: recorder.nowMs() - BEFORE_MS, toMs: recorder.nowMs() };
    report(`fault: ${FLOOD_SENDERS} clients flood ${GROUPS} groups`);
    const flooding = new AbortController();
    const flood = workload.flood(AbortSignal.any([flooding.signal, signal]));
    const fromMs = recorder.nowMs();
    const watch = watchRedis(bed, signal);
    const filledMs = await watch.filled(AbortSignal.any([signal, AbortSignal.timeout(FILLED_WITHIN_MS)]));
    report(`Redis is full after ${Math.round(filledMs / 1_000)} s; the flood continues for ${seconds} s`);
    await pause((seconds * 1_000) / 2, signal);
    const killed = ['message-worker-1', chatServersOf(bed)[0]?.name ?? ''];
    const restartsMs = await Promise.all(killed.map((name) => killAndAwaitReady(bed, name, signal)));
    await pause((seconds * 1_000) / 2, signal);
    flooding.abort();
    await flood;
    const during: Period = { fromMs, toMs: recorder.nowMs() };
    recorder.faults.push({ kind: 'full', target: 'redis', atMs: during.fromMs, endedAtMs: during.toMs, killed });
    const { peakShare, degraded } = await watch.stop();
    await pause(AFTER_MS, signal);

    return ({ events }) => {
      const acks = events.filter((event) => event.type === 'acked');
      const isFlood = ({ client }: { client: string }) => client.startsWith('flood-sender');
      const ofOthers = acks.filter((ack) => !isFlood(ack));
      const busy = (period: Period) =>
        events.filter((event) => event.type === 'refused' && event.code === 'BUSY' && isIn(event.atMs, period));
      return [
        { name: 'Redis is full after', value: filledMs, unit: 'ms', bound: { atMost: FILLED_WITHIN_MS } },
        { name: 'peak of used memory, as a share of the limit', value: peakShare, unit: '' },
        { name: 'samples of /readyz that said degraded', value: degraded, unit: '' },
        { name: 'acks of the flood', value: acks.length - ofOthers.length, unit: '' },
        { name: 'acks of the others per 5 s, before', value: fewest(ofOthers, before), unit: '' },
        { name: 'acks of the others per 5 s, fewest during', value: fewest(ofOthers, during), unit: '' },
        {
          name: 'BUSY to the flood',
          value: busy(during).filter((event) => 'client' in event && isFlood(event)).length,
          unit: '',
        },
        {
          name: 'BUSY to the others',
          value: busy(during).filter((event) => 'client' in event && !isFlood(event)).length,
          unit: '',
        },
        {
          ...{ name: 'a killed worker is ready again', value: restartsMs[0] ?? Number.NaN, unit: 'ms' },
          bound: { atMost: RESTARTED_WITHIN_MS },
        },
        {
          ...{ name: 'a killed chat server is ready again', value: restartsMs[1] ?? Number.NaN, unit: 'ms' },
          bound: { atMost: RESTARTED_WITHIN_MS },
        },
      ];
    };
  },
});

/** Returns the fewest events in a window of 5 s of this period. */
function fewest(events: readonly RecordedEvent[], { fromMs, toMs }: Period): number {
  const counts: number[] = [];
  for (let startMs = fromMs; startMs + WINDOW_MS <= toMs + 1; startMs += WINDOW_MS) {
    counts.push(events.filter(({ atMs }) => isIn(atMs, { fromMs: startMs, toMs: startMs + WINDOW_MS })).length);
  }
  return counts.length > 0 ? Math.min(...counts) : Number.NaN;
}

/** Samples the used memory of the masters and the readiness of the chat servers. */
function watchRedis(bed: TestBed, signal: AbortSignal) {
  const startedAt = performance.now();
  const stopping = new AbortController();
  const until = AbortSignal.any([stopping.signal, signal]);
  const result = { peakShare: 0, degraded: 0, filledMs: Number.POSITIVE_INFINITY };
  const watching = (async () => {
    for (; !until.aborted; await pause(POLL_INTERVAL_MS, until)) {
      const shares = await Promise.all(bed.redis.shardKeys.map((key) => usedShare(bed, key)));
      result.peakShare = Math.max(result.peakShare, ...shares);
      if (result.peakShare >= NEAR_LIMIT) result.filledMs = Math.min(result.filledMs, performance.now() - startedAt);
      const statuses = await Promise.all(chatServersOf(bed).map(readyStatus));
      if (statuses.includes('degraded')) result.degraded += 1;
    }
  })();
  return {
    /** Resolves when a master is near its limit: after how long, ms. Infinity when `overdue` aborts first. */
    async filled(overdue: AbortSignal): Promise<number> {
      while (!overdue.aborted && !Number.isFinite(result.filledMs)) await pause(POLL_INTERVAL_MS, overdue);
      return result.filledMs;
    },
    async stop() {
      stopping.abort();
      await watching;
      return result;
    },
  };
}

/** Returns the used memory of a shard's master as a share of its limit; 0 while it does not answer. */
async function usedShare(bed: TestBed, shardKey: string): Promise<number> {
  const master = await bed.redis.masterOf(shardKey);
  const used = Number(/^used_memory:(\d+)/m.exec(await master.admin.info('memory').catch(() => ''))?.[1] ?? 0);
  return used / (MAX_MEMORY_MB * 1_048_576);
}

/** Kills a process and returns how long it takes until its successor is ready, ms. Infinity if that takes too long. */
async function killAndAwaitReady(bed: TestBed, name: string, signal: AbortSignal): Promise<number> {
  const find = (): ProcessEntry | undefined => bed.processes().find((entry) => entry.name === name);
  const before = find();
  if (!before) return Number.POSITIVE_INFINITY;
  const startedAt = performance.now();
  process.kill(before.pid, 'SIGKILL');
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(2 * RESTARTED_WITHIN_MS)]);
  while (!overdue.aborted) {
    const now = find();
    if (now && now.pid !== before.pid && (await isReady(now))) return performance.now() - startedAt;
    await pause(POLL_INTERVAL_MS, overdue);
  }
  return Number.POSITIVE_INFINITY;
}
