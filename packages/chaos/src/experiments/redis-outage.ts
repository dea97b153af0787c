import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import type { RecordedEvent } from '@parley/load-kit/events';
import { caughtUpAtMs, closedIn, isIn } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import type { Experiment } from './experiment.ts';
import { searchLogs } from './search-logs.ts';

/** Everybody talks undisturbed for a while first. */
const BEFORE_MS = 5_000;
/** What is bounded by deadlines and backoffs of a few seconds is back within their sum. */
const FIRST_ACK_WITHIN_MS = 10_000;
const CAUGHT_UP_WITHIN_MS = 30_000;
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** Redis hangs: it takes connections and answers nothing. */
export const redisOutage = (seconds: number): Experiment => ({
  summary: `Redis hangs for ${seconds} s, and everything outlives it`,
  // Nobody takes a session over: who is disconnected was disconnected by the outage.
  clientMix: { ...DEFAULT_CLIENT_MIX, secondDevices: 0 },
  async run({ bed, workload, recorder, seed, report, signal }) {
    await pause(BEFORE_MS, signal);
    const processesBefore = bed.processes();
    const onlineBefore = workload.online;
    const outage = { fromMs: recorder.nowMs(), toMs: Number.POSITIVE_INFINITY };
    const heal = await bed.faultTargets.find(({ name }) => name === 'redis')?.inject('freeze', seed);
    if (!heal) throw new Error('Redis is not there to be frozen');
    report(`fault: freeze redis for ${seconds} s`);
    await pause(seconds * 1_000, signal);
    const onlineAfter = workload.online;
    heal();
    outage.toMs = recorder.nowMs();
    recorder.faults.push({ kind: 'freeze', target: 'redis', atMs: outage.fromMs, endedAtMs: outage.toMs });
    await acksAgain(recorder.events, signal);
    const pids = new Set(bed.processes().map(({ pid }) => pid));
    const exited = processesBefore.filter(({ pid }) => !pids.has(pid)).map(({ name }) => name);
    const unhandled = await searchLogs(bed.directory, /unhandled|uncaught/i);

    return (record) => {
      const { events, clients } = record;
      const members = new Set(clients.filter(({ seesEverything }) => seesEverything).map(({ name }) => name));
      const disconnects = closedIn(events, { ...outage, toMs: Number.POSITIVE_INFINITY }).filter(({ client }) =>
        members.has(client),
      );
      const meanwhile = disconnects.filter(({ atMs }) => atMs < outage.toMs);
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
          ...{ name: 'disconnects meanwhile', value: meanwhile.length, ...none },
          details: meanwhile.map(({ client, atMs, reason }) => `${client} at ${atMs} ms: ${reason}`),
        },
        { name: 'disconnects afterwards', value: disconnects.length - meanwhile.length, unit: '' },
        { name: 'acks meanwhile', value: acks.filter((atMs) => isIn(atMs, outage)).length, unit: '' },
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

/** Resolves when something is acked, or with patience lost: the figures then tell that nothing was. */
async function acksAgain(events: readonly RecordedEvent[], signal: AbortSignal): Promise<void> {
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  for (let next = events.length; !overdue.aborted; await pause(LOOK_EVERY_MS, overdue)) {
    while (next < events.length) {
      if (events[next]?.type === 'acked') return;
      next += 1;
    }
  }
}
