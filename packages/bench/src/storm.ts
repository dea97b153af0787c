import type { Generator, Observation } from '@parley/load-kit/generator';
import { machineNowMs } from '@parley/load-kit/generator';
import { pause } from '@parley/service-kit';
import { alternate } from './alternate.ts';
import { type Bench, type BenchRun, withSystem, withTemporaryDirectory } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { openRooms } from './open-rooms.ts';
import { probeEnv, readProbes } from './read-probes.ts';
import type { SystemName } from './system-under-test.ts';

const NODES = 2;
const ROOM_SIZE = 50;
const CLIENTS = 10_000;
const QUICK_CLIENTS = 100;
/** Each client sends at this interval before, during and after the storm. */
const SENDS_EVERY_S = 20;
const TEXT_CHARACTERS = 90;
const BEFORE_MS = 3_000;
const AFTER_MS = 12_000;
const DEADLINE_MS = 90_000;
const POLL_INTERVAL_MS = 100;
const PROGRESS_INTERVAL_MS = 5_000;

interface Storm {
  readonly reconnectedS: number;
  /** Time until all messages acked before the last reconnect had arrived. undefined if that did not happen. */
  readonly caughtUpS: number | undefined;
  /** Acked messages that were missing at the end. */
  readonly lost: number;
  readonly unacked: number;
  readonly blockedMs: number;
  readonly failedAttempts: Readonly<Record<string, number>>;
}

/** Kills nginx under 10,000 clients. All lose their connections at once and reconnect as Socket.IO clients do. */
export const benchStorm: Bench = async (run) => {
  const { isQuick } = run.options;
  const clients = run.options.clients ?? (isQuick ? QUICK_CLIENTS : CLIENTS);
  const measure = (name: SystemName) => (pair: number) =>
    withTemporaryDirectory((probes) =>
      withSystem(run, name, { nodes: NODES, env: probeEnv(probes) }, async (system, connectPool): Promise<Storm> => {
        const rooms = await openRooms(system, clients, ROOM_SIZE);
        run.report(`${name}, pair ${pair + 1}: connecting ${formatNumber(clients)} clients`);
        const generator = await connectPool({ clients, ...rooms, reconnects: true });
        const startMs = machineNowMs() + 100;
        const endMs = startMs + BEFORE_MS + AFTER_MS;
        const perSecond = clients / SENDS_EVERY_S;
        await generator.sendAtRate({ perSecond, senders: clients, startMs, endMs, textCharacters: TEXT_CHARACTERS });
        await pause(BEFORE_MS, run.signal);
        const before = await generator.report();
        // The garbage collection of a probe also blocks the server. This reading resets the maximum.
        await readProbes(system, probes, run.signal);
        run.report(`${name}: all connections cut`);
        const cutAtMs = machineNowMs();
        system.cutClients();
        const outcome = await measureRecovery(run, generator, {
          clients,
          cutAtMs,
          endMs,
          before,
          catchesUp: name === 'parley',
        });
        const readings = await readProbes(system, probes, run.signal);
        const storm = { ...outcome, blockedMs: Math.max(...readings.map(({ blockedMs }) => blockedMs)) };
        run.report(`${name}: ${describeStorm(storm)}`);
        return storm;
      }),
    );
  const pairs = await alternate(run.options.pairs, measure('parley'), measure('plain'));
  run.print(`${formatNumber(clients)} clients in rooms of ${ROOM_SIZE}, ${NODES} servers, cut at once`);
  for (const [pair, { a, b }] of pairs.entries()) {
    run.print(`parley ${pair + 1}: ${describeStorm(a)}`);
    run.print(`plain ${pair + 1}: ${describeStorm(b)}`);
  }
  return [
    compare(
      { name: 'storm: all are back', unit: 's', goal: 'none' },
      pairs.map(({ a, b }) => [a.reconnectedS, b.reconnectedS]),
    ),
    compare(
      { name: 'storm: longest block of an event loop', unit: 'ms', goal: 'ours ≤ 200 ms' },
      pairs.map(({ a, b }) => [a.blockedMs, b.blockedMs]),
    ),
  ];
};

async function measureRecovery(
  run: BenchRun,
  generator: Generator,
  storm: { clients: number; cutAtMs: number; endMs: number; before: Observation; catchesUp: boolean },
): Promise<Omit<Storm, 'blockedMs'>> {
  const { clients, cutAtMs, endMs, before, catchesUp } = storm;
  const overdue = AbortSignal.any([run.signal, AbortSignal.timeout(DEADLINE_MS)]);
  const sinceCutS = () => (machineNowMs() - cutAtMs) / 1_000;
  let reconnected: { afterS: number; heads: Observation['heads'] } | undefined;
  let caughtUpS: number | undefined;
  let nextProgressMs = machineNowMs() + PROGRESS_INTERVAL_MS;
  for (;;) {
    const now = await generator.report();
    // Clients can be counted as reconnected only after all connections were cut.
    const wereCut = total(now.closed) - total(before.closed) >= clients;
    if (wereCut && now.ready === clients) reconnected ??= { afterS: sinceCutS(), heads: now.heads };
    // Messages acked up to the last reconnect. More are sent in the meantime.
    if (reconnected && (await generator.tally(reconnected)).lost === 0) caughtUpS ??= sinceCutS();
    const { lost, behind } = await generator.tally(now);
    const isSettled = lost === 0 && now.acked === now.sent;
    const isOver = reconnected && machineNowMs() >= endMs && (isSettled || !catchesUp);
    if (isOver || overdue.aborted) {
      run.signal.throwIfAborted();
      const reconnectedS = reconnected?.afterS ?? Number.POSITIVE_INFINITY;
      return { reconnectedS, caughtUpS, lost, unacked: now.unacked, failedAttempts: now.failedConnects };
    }
    if (machineNowMs() >= nextProgressMs) {
      run.report(`${now.ready} of ${clients} reconnected, ${behind} with missing messages, ${now.unacked} unacked`);
      nextProgressMs += PROGRESS_INTERVAL_MS;
    }
    await pause(POLL_INTERVAL_MS, overdue);
  }
}

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function describeStorm({ reconnectedS, caughtUpS, lost, unacked, blockedMs, failedAttempts }: Storm): string {
  const attempts = Object.entries(failedAttempts).map(([reason, count]) => `${count} ${reason}`);
  return (
    `all reconnected after ${formatNumber(reconnectedS)} s, ` +
    (caughtUpS === undefined ? 'not caught up, ' : `caught up after ${formatNumber(caughtUpS)} s, `) +
    `${formatNumber(lost)} lost, ${formatNumber(unacked)} unacked, event loops blocked at most ${formatNumber(blockedMs)} ms, ` +
    `failed attempts: ${attempts.join(', ') || 'none'}`
  );
}
