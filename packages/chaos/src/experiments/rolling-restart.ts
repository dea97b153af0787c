import { DEFAULT_CLIENT_MIX } from '@parley/load-kit/clients';
import { closedIn, outagesMs, refusalsIn } from '@parley/load-kit/events';
import { pause } from '@parley/service-kit';
import type { TestBed } from '../test-bed.ts';
import { chatServersOf, isReady } from './chat-servers.ts';
import type { Experiment } from './experiment.ts';
import { percentile } from './measurement.ts';

const ROUNDS = 3;
/** Everybody talks undisturbed for a while first. */
const BEFORE_MS = 3_000;
const OUT_P99_WITHIN_MS = 2_000;
const BACK_DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/**
 * Every chat server is stopped in turn, as a deployment does it, with all places taken.
 *
 * @param seconds no further round begins after that; undefined = three rounds
 */
export const rollingRestart = (seconds: number | undefined): Experiment => ({
  summary: `every chat server restarts in turn, ${seconds === undefined ? `${ROUNDS} rounds` : `for ${seconds} s`}, and nobody minds`,
  // As many as there are places: who is refused is refused for the restarts.
  clientMix: { ...DEFAULT_CLIENT_MIX, plainClients: 25, libraryClients: 25, rejectedClients: 0, secondDevices: 0 },
  async run({ bed, recorder, report, signal }) {
    await pause(BEFORE_MS, signal);
    const fromMs = recorder.nowMs();
    const names = chatServersOf(bed).map(({ name }) => name);
    const restartsMs: number[] = [];
    const goesOn = (rounds: number) =>
      !signal.aborted && (seconds === undefined ? rounds < ROUNDS : recorder.nowMs() < fromMs + seconds * 1_000);
    for (let rounds = 0; goesOn(rounds); rounds += 1) {
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

/** Resolves when the server's successor is up and says that it may take traffic. */
async function restart(bed: TestBed, name: string, signal: AbortSignal): Promise<void> {
  const find = () => chatServersOf(bed).find((server) => server.name === name);
  const before = find();
  if (!before) throw new Error(`${name} is not there to be restarted`);
  process.kill(before.pid, 'SIGTERM');
  const overdue = AbortSignal.timeout(BACK_DEADLINE_MS);
  for (;;) {
    const server = find();
    if (server && server.pid !== before.pid && (await isReady(server))) return;
    signal.throwIfAborted();
    if (overdue.aborted) throw new Error(`${name} was not back within ${BACK_DEADLINE_MS} ms`);
    await pause(LOOK_EVERY_MS, signal);
  }
}
