import { LOBBY_ID } from '@parley/client';
import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { readMetric } from '@parley/load-kit/cluster';
import { caughtUpAtMs, closedIn, deliveriesMs } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import type { TestBed } from '../test-bed.ts';
import { chatServersOf } from './chat-servers.ts';
import type { Experiment } from './experiment.ts';
import { percentile } from './measurement.ts';
import { watchMemory } from './watch-memory.ts';

const READERS = 10;
/** Code and caches warm up before the comparison. */
const WARM_UP_MS = 10_000;
const MIB = 1_048_576;
/**
 * For each slow reader: twice its buffer limit of 1 MiB (as packets and as frames) and the bytes until the next check. The rest is
 * for garbage collection.
 */
const MAX_GROWTH_MIB = 64;
const MAX_P99_RATIO = 1.2;

/**
 * Ten clients stop reading while a group floods them with long texts. All others send in the lobby. A slow reader that is
 * disconnected and reconnects still does not read until the end of the period.
 */
export const slowReaders = (seconds: number): Experiment => ({
  summary: `${READERS} clients read nothing for ${seconds} s`,
  clientMix: {
    ...DEFAULT_CLIENT_MIX,
    ...{
      plainClients: 20,
      libraryClients: 18,
      listeners: READERS,
      floodSenders: 2,
      rejectedClients: 0,
      secondDevices: 0,
    },
    ...{ conversations: 'lobby', pauseMs: [1_500, 2_500] },
  },
  async run({ bed, workload, recorder, report, signal }) {
    const memory = watchMemory(bed, recorder);
    try {
      await pause(WARM_UP_MS, signal);
      const before = { fromMs: recorder.nowMs(), toMs: Number.POSITIVE_INFINITY };
      await pause(seconds * 1_000, signal);
      before.toMs = recorder.nowMs();
      const disconnectsBefore = await countSlowConsumers(bed);
      report(`fault: ${READERS} clients stop reading for ${seconds} s`);
      const during = { fromMs: recorder.nowMs(), toMs: Number.POSITIVE_INFINITY };
      const reading = new AbortController();
      for (const listener of workload.listeners) listener.stopReading(AbortSignal.any([reading.signal, signal]));
      await pause(seconds * 1_000, signal);
      reading.abort();
      during.toMs = recorder.nowMs();
      recorder.faults.push({
        ...{ kind: 'hang', target: `${READERS} clients`, atMs: during.fromMs, endedAtMs: during.toMs },
      });
      const slowConsumers = (await countSlowConsumers(bed)) - disconnectsBefore;
      const rss = { before: memory.peakBytes(before) / MIB, during: memory.peakBytes(during) / MIB };

      return (record) => {
        const { events, clients, conversations } = record;
        const readers = new Set(workload.listeners.map(({ name }) => name));
        const floodMembers = new Set(conversations.find(({ id }) => id !== LOBBY_ID)?.memberIds);
        const others = new Set(clients.filter(({ userId }) => !floodMembers.has(userId)).map(({ name }) => name));
        const closed = closedIn(events, { ...during, toMs: Number.POSITIVE_INFINITY });
        const ofReaders = closed.filter(({ client }) => readers.has(client));
        const notified = new Set(
          ofReaders.filter(({ reason }) => reason.startsWith('SLOW')).map(({ client }) => client),
        );
        const ofOthers = closed.filter(({ client }) => others.has(client));
        const [delivered, deliveredDuring] = [before, during].map((period) => deliveriesMs(record, period, others));
        const p99Before = percentile(delivered ?? [], 0.99);
        const p99During = percentile(deliveredDuring ?? [], 0.99);
        const reconnected = workload.listeners.filter(({ isOnline }) => isOnline).length;
        const caughtUp = caughtUpAtMs(record, during) - during.toMs;
        return [
          { name: 'memory of the chat servers before, peak', value: rss.before, unit: 'MiB' },
          {
            ...{ name: 'memory of the chat servers during, peak', value: rss.during, unit: 'MiB' },
            bound: { atMost: rss.before + MAX_GROWTH_MIB },
          },
          { name: 'deliveries to the others before', value: delivered?.length ?? 0, unit: '' },
          { name: 'deliveries to the others during', value: deliveredDuring?.length ?? 0, unit: '' },
          { name: 'send to seen at the others before, p50', value: percentile(delivered ?? [], 0.5), unit: 'ms' },
          { name: 'send to seen at the others during, p50', value: percentile(deliveredDuring ?? [], 0.5), unit: 'ms' },
          { name: 'send to seen at the others before, p99', value: p99Before, unit: 'ms' },
          { name: 'send to seen at the others during, p99', value: p99During, unit: 'ms' },
          { name: 'p99 during to before', value: p99During / p99Before, unit: '×', bound: { atMost: MAX_P99_RATIO } },
          {
            ...{ name: 'disconnects of the others', value: ofOthers.length, unit: '', bound: { atMost: 0 } },
            details: ofOthers.map(({ client, atMs, reason }) => `${client} at ${atMs} ms: ${reason}`),
          },
          {
            ...{ name: 'slow readers disconnected', value: slowConsumers, unit: '', bound: { atLeast: READERS } },
            details: ofReaders.map(({ client, atMs, reason }) => `${client} at ${atMs} ms: ${reason}`),
          },
          { name: 'slow readers that received the reason', value: notified.size, unit: '' },
          { name: 'slow readers reconnected', value: reconnected, unit: '', bound: { atLeast: READERS } },
          { name: 'slow readers caught up after healing', value: Math.max(0, caughtUp), unit: 'ms' },
        ];
      };
    } finally {
      await memory.stop();
    }
  },
});

async function countSlowConsumers(bed: TestBed): Promise<number> {
  const counts = await Promise.all(chatServersOf(bed).map((server) => readMetric(server, 'chat_slow_consumers_total')));
  return counts.reduce((sum, count) => sum + count, 0);
}
