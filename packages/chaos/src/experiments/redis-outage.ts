import { join } from 'node:path';
import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { searchLogs } from '@parley/load-kit/cluster';
import type { RecordedEvent } from '@parley/load-kit/events';
import { caughtUpAtMs, closedIn, isIn } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import type { Experiment } from './experiment.ts';

/** Load without a fault before the outage. */
const BEFORE_MS = 5_000;
/** The sum of the deadlines and back-offs between Redis and a client. */
const FIRST_ACK_WITHIN_MS = 10_000;
const CAUGHT_UP_WITHIN_MS = 30_000;
const ACK_DEADLINE_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/** Freezes Redis: it accepts connections and answers nothing. */
export const redisOutage = (seconds: number): Experiment => ({
  summary: `Redis is frozen for ${seconds} s`,
  // No takeovers, so that every disconnect is caused by the outage.
  clientMix: { ...DEFAULT_CLIENT_MIX, secondDevices: 0 },
  async run({ bed, workload, recorder, seed, report, signal }) {
    await pause(BEFORE_MS, signal);
    const processesBefore = bed.processes();
    const onlineBefore = workload.online;
    const outage = { fromMs: recorder.nowMs(), toMs: Number.POSITIVE_INFINITY };
    const heal = await bed.faultTargets.find(({ name }) => name === 'redis')?.inject('freeze', seed);
    if (!heal) throw new Error('Redis cannot be frozen: it is not running');
    report(`fault: freeze redis for ${seconds} s`);
    await pause(seconds * 1_000, signal);
    const onlineAfter = workload.online;
    await heal();
    outage.toMs = recorder.nowMs();
    recorder.faults.push({ kind: 'freeze', target: 'redis', atMs: outage.fromMs, endedAtMs: outage.toMs });
    await nextAck(recorder.events, signal);
    const pids = new Set(bed.processes().map(({ pid }) => pid));
    const exited = processesBefore.filter(({ pid }) => !pids.has(pid)).map(({ name }) => name);
    const unhandled = await searchLogs(join(bed.directory, 'data'), /unhandled|uncaught/i);

    return (record) => {
      const { events, clients } = record;
      const members = new Set(clients.filter(({ seesEverything }) => seesEverything).map(({ name }) => name));
      const disconnects = closedIn(events, { ...outage, toMs: Number.POSITIVE_INFINITY }).filter(({ client }) =>
        members.has(client),
      );
      const during = disconnects.filter(({ atMs }) => atMs < outage.toMs);
      const acks = events.filter(({ type }) => type === 'acked').map(({ atMs }) => atMs);
      const firstAckAtMs = acks.find((atMs) => atMs >= outage.toMs) ?? Number.NaN;
      const caughtUp = caughtUpAtMs(record, { fromMs: 0, toMs: outage.toMs });
      const none = { unit: '', bound: { atMost: 0 } } as const;
      return [
        { name: 'processes that exited', value: exited.length, ...none, details: exited },
        { name: 'unhandled faults in the logs', value: unhandled.length, ...none, details: unhandled },
        { name: 'clients connected before', value: onlineBefore, unit: '' },
        { name: 'clients connected at the end', value: onlineAfter, unit: '', bound: { atLeast: onlineBefore } },
        {
          ...{ name: 'disconnects during the outage', value: during.length, ...none },
          details: during.map(({ client, atMs, reason }) => `${client} at ${atMs} ms: ${reason}`),
        },
        { name: 'disconnects after healing', value: disconnects.length - during.length, unit: '' },
        { name: 'acks during the outage', value: acks.filter((atMs) => isIn(atMs, outage)).length, unit: '' },
        {
          ...{ name: 'first ack after healing', value: firstAckAtMs - outage.toMs, unit: 'ms' },
          bound: { atMost: FIRST_ACK_WITHIN_MS },
        },
        {
          ...{ name: 'all caught up after healing', value: Math.max(0, caughtUp - outage.toMs), unit: 'ms' },
          bound: { atMost: CAUGHT_UP_WITHIN_MS },
        },
      ];
    };
  },
});

/** Resolves when a message is acked, or after 60 s. */
async function nextAck(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(ACK_DEADLINE_MS)]);
  for (let next = events.length; !overdue.aborted; await pause(POLL_INTERVAL_MS, overdue)) {
    while (next < events.length) {
      if (events[next]?.type === 'acked') return;
      next += 1;
    }
  }
}
