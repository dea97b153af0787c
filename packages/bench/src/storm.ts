import type { Generator, Observation } from '@parley/load-kit/generator';
import { machineNowMs } from '@parley/load-kit/generator';
import { pause } from '@parley/service-kit';
import { alternate } from './alternate.ts';
import { type Bench, type BenchRun, inDirectory, withSystem } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { openRooms } from './open-rooms.ts';
import { probeEnv, readProbes } from './read-probes.ts';
import type { SystemName } from './system-under-test.ts';

const NODES = 2;
const ROOM_SIZE = 50;
const CLIENTS = 10_000;
const QUICK_CLIENTS = 100;
/** They send as in `users`, before, during and after. */
const SENDS_EVERY_S = 20;
const TEXT_CHARACTERS = 90;
const BEFORE_MS = 3_000;
const AFTER_MS = 12_000;
const DEADLINE_MS = 90_000;
const LOOK_EVERY_MS = 100;
const PROGRESS_EVERY_MS = 5_000;

interface Storm {
  readonly backS: number;
  /** Until nobody missed anything that was acked before all were back; undefined where that never came. */
  readonly caughtUpS: number | undefined;
  /** At the end, of all that was acked. */
  readonly lost: number;
  readonly unacked: number;
  readonly blockedMs: number;
  readonly failedAttempts: Readonly<Record<string, number>>;
}

/** nginx is killed under ten thousand clients: they lose their connections at the same moment and come back as Socket.IO clients do. */
export const benchStorm: Bench = async (run) => {
  const { isQuick } = run.options;
  const clients = run.options.clients ?? (isQuick ? QUICK_CLIENTS : CLIENTS);
  const measure = (name: SystemName) => (pair: number) =>
    inDirectory((probes) =>
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
        // Collecting garbage for the reading blocks a server, too: that ends here.
        await readProbes(system, probes, run.signal);
        run.report(`${name}: all are cut`);
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
      pairs.map(({ a, b }) => [a.backS, b.backS]),
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
  let back: { afterS: number; heads: Observation['heads'] } | undefined;
  let caughtUpS: number | undefined;
  let nextProgressMs = machineNowMs() + PROGRESS_EVERY_MS;
  for (;;) {
    const now = await generator.report();
    // Nobody is back before everybody was cut.
    const wereCut = total(now.closed) - total(before.closed) >= clients;
    if (wereCut && now.ready === clients) back ??= { afterS: sinceCutS(), heads: now.heads };
    // All that was acked until then, while more comes.
    if (back && (await generator.tally(back)).lost === 0) caughtUpS ??= sinceCutS();
    const { lost, behind } = await generator.tally(now);
    const isSettled = lost === 0 && now.acked === now.sent;
    const isOver = back && machineNowMs() >= endMs && (isSettled || !catchesUp);
    if (isOver || overdue.aborted) {
      run.signal.throwIfAborted();
      const backS = back?.afterS ?? Number.POSITIVE_INFINITY;
      return { backS, caughtUpS, lost, unacked: now.unacked, failedAttempts: now.failedConnects };
    }
    if (machineNowMs() >= nextProgressMs) {
      run.report(`${now.ready} of ${clients} are back, ${behind} miss something, ${now.unacked} unacked`);
      nextProgressMs += PROGRESS_EVERY_MS;
    }
    await pause(LOOK_EVERY_MS, overdue);
  }
}

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function describeStorm({ backS, caughtUpS, lost, unacked, blockedMs, failedAttempts }: Storm): string {
  const attempts = Object.entries(failedAttempts).map(([reason, count]) => `${count} ${reason}`);
  return (
    `all back after ${formatNumber(backS)} s, ` +
    (caughtUpS === undefined ? 'not caught up, ' : `caught up after ${formatNumber(caughtUpS)} s, `) +
    `${formatNumber(lost)} lost, ${formatNumber(unacked)} unacked, event loops blocked at most ${formatNumber(blockedMs)} ms, ` +
    `attempts that failed: ${attempts.join(', ') || 'none'}`
  );
}
