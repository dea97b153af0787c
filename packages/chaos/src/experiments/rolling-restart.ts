import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { closedIn, outagesMs, refusalsIn } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import type { TestBed } from '../test-bed.ts';
import { chatServersOf, isReady } from './chat-servers.ts';
import type { Experiment } from './experiment.ts';
import { percentile } from './measurement.ts';

const ROUNDS = 3;
/** Load without a fault before the first restart. */
const BEFORE_MS = 3_000;
const OUT_P99_WITHIN_MS = 2_000;
const RESTART_DEADLINE_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/**
 * Restarts every chat server in turn, as a deployment does, while all slots are taken.
 *
 * @param seconds no round starts after this time; undefined = three rounds
 */
export const rollingRestart = (seconds: number | undefined): Experiment => ({
  summary: `every chat server restarts in turn, ${seconds === undefined ? `${ROUNDS} rounds` : `for ${seconds} s`}`,
  // As many clients as slots, so that every rejection is caused by a restart.
  clientMix: { ...DEFAULT_CLIENT_MIX, plainClients: 25, libraryClients: 25, rejectedClients: 0, secondDevices: 0 },
  async run({ bed, recorder, report, signal }) {
    await pause(BEFORE_MS, signal);
    const fromMs = recorder.nowMs();
    const names = chatServersOf(bed).map(({ name }) => name);
    const restartsMs: number[] = [];
    const hasNextRound = (rounds: number) =>
      !signal.aborted && (seconds === undefined ? rounds < ROUNDS : recorder.nowMs() < fromMs + seconds * 1_000);
    for (let rounds = 0; hasNextRound(rounds); rounds += 1) {
      for (const name of names) {
        report(`fault: restart ${name}`);
        const atMs = recorder.nowMs();
        await restart(bed, name, signal);
        const endedAtMs = recorder.nowMs();
        restartsMs.push(endedAtMs - atMs);
        recorder.faults.push({ kind: 'restart', target: name, atMs, endedAtMs });
      }
    }

    return ({ events, clients }) => {
      const period = { fromMs, toMs: Number.POSITIVE_INFINITY };
      const plain = new Set(clients.filter(({ kind }) => kind === 'plain').map(({ name }) => name));
      const outages = outagesMs(events, period, plain);
      const ofLibrary = closedIn(events, period).filter(({ client }) => !plain.has(client));
      const dropped = ofLibrary.filter(({ reason }) => reason !== 'online');
      const refusals = refusalsIn(events, period);
      const unexpected = refusals.filter(({ code }) => code !== 'SHUTTING_DOWN');
      const ms = { unit: 'ms' } as const;
      const none = { unit: '', bound: { atMost: 0 } } as const;
      return [
        { name: 'restarts', value: restartsMs.length, unit: '' },
        { name: 'restart takes, longest', value: Math.max(...restartsMs), ...ms },
        { name: 'plain clients: times out', value: outages.length, unit: '' },
        { name: 'plain clients: out, p50', value: percentile(outages, 0.5), ...ms },
        {
          name: 'plain clients: out, p99',
          value: percentile(outages, 0.99),
          ...ms,
          bound: { atMost: OUT_P99_WITHIN_MS },
        },
        { name: 'plain clients: out, longest', value: Math.max(...outages), ...ms },
        { name: 'library clients: moves', value: ofLibrary.length - dropped.length, unit: '' },
        {
          ...{ name: 'library clients: left online', value: dropped.length, ...none },
          details: dropped.map(({ client, atMs, reason }) => `${client} was ${reason} at ${atMs} ms`),
        },
        { name: 'refused: SHUTTING_DOWN', value: refusals.length - unexpected.length, unit: '' },
        {
          ...{ name: 'refused: anything else', value: unexpected.length, ...none },
          details: unexpected.map(({ client, atMs, type, code }) => `${client} at ${atMs} ms: ${type}, ${code}`),
        },
      ];
    };
  },
});

/** Stops a server and resolves when the restarted process reports that it is ready. */
async function restart(bed: TestBed, name: string, signal: AbortSignal): Promise<void> {
  const find = () => chatServersOf(bed).find((server) => server.name === name);
  const before = find();
  if (!before) throw new Error(`${name} cannot be restarted: it is not running`);
  process.kill(before.pid, 'SIGTERM');
  const overdue = AbortSignal.timeout(RESTART_DEADLINE_MS);
  for (;;) {
    const server = find();
    if (server && server.pid !== before.pid && (await isReady(server))) return;
    signal.throwIfAborted();
    if (overdue.aborted) throw new Error(`${name} was not ready within ${RESTART_DEADLINE_MS} ms`);
    await pause(POLL_INTERVAL_MS, signal);
  }
}
