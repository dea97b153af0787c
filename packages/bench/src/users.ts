import { alternate } from './alternate.ts';
import { type Bench, withSystem, withTemporaryDirectory } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { describeLoads, faultOf } from './describe-load.ts';
import { measureLoad } from './measure-load.ts';
import { openRooms } from './open-rooms.ts';
import { type ProbeReading, probeEnv, readProbes } from './read-probes.ts';
import type { SystemName } from './system-under-test.ts';

const NODES = 2;
const ROOM_SIZE = 50;
const CLIENTS = 10_000;
const QUICK_CLIENTS = 100;

/** Each client sends at this interval. */
const SENDS_EVERY_S = 10;
const PLAN = { warmUpMs: 5_000, measureMs: 20_000, drainMs: 15_000 } as const;
const QUICK = { warmUpMs: 500, measureMs: 2_000, drainMs: 10_000 };

const rss = (readings: readonly ProbeReading[]) => readings.reduce((sum, { rssBytes }) => sum + rssBytes, 0);

/** Measures 10,000 clients in channels of 50 that all send and receive: failures, losses, and memory per connection. */
export const benchUsers: Bench = async (run) => {
  const { isQuick, pairs: count } = run.options;
  const clients = run.options.clients ?? (isQuick ? QUICK_CLIENTS : CLIENTS);
  const plan = { ...(isQuick ? QUICK : PLAN), senders: clients, perSecond: clients / SENDS_EVERY_S };
  const measure = (name: SystemName) => (pair: number) =>
    withTemporaryDirectory((probes) =>
      withSystem(run, name, { nodes: NODES, env: probeEnv(probes) }, async (system, connectPool) => {
        const rooms = await openRooms(system, clients, ROOM_SIZE);
        const before = await readProbes(system, probes, run.signal);
        run.report(`${name}, pair ${pair + 1}: connecting ${formatNumber(clients)} clients`);
        const startedAt = performance.now();
        const generator = await connectPool({ clients, ...rooms });
        const connectS = (performance.now() - startedAt) / 1_000;
        const after = await readProbes(system, probes, run.signal);
        const bytesPerConnection = (rss(after) - rss(before)) / clients;
        run.report(
          `${name}: all connected after ${formatNumber(connectS)} s, ${formatNumber(bytesPerConnection / 1_024)} KB each; ` +
            `${formatNumber(plan.perSecond)} messages/s`,
        );
        const load = await measureLoad(system, generator, plan, run.signal);
        const fault = faultOf(load);
        run.report(`${name}: 0 failed connections, ${fault ?? '0 lost, 0 repeated'}`);
        return { load, bytesPerConnection, connectS, fault };
      }),
    );
  const pairs = await alternate(count, measure('parley'), measure('plain'));
  run.print(
    `${formatNumber(clients)} clients in rooms of ${ROOM_SIZE}, ${NODES} servers, each sends every ${SENDS_EVERY_S} s`,
  );
  const rows = pairs.flatMap(({ a, b }, pair) => [
    [`parley ${pair + 1}`, a.load] as const,
    [`plain ${pair + 1}`, b.load] as const,
  ]);
  for (const line of describeLoads(rows)) run.print(line);
  for (const [pair, { a, b }] of pairs.entries()) {
    for (const [name, { fault, connectS }] of Object.entries({ parley: a, plain: b })) {
      run.print(
        `${name} ${pair + 1}: ${fault ?? '0 failed, 0 lost, 0 repeated'}; all connected after ${formatNumber(connectS)} s`,
      );
    }
  }
  return [
    compare(
      { name: 'users memory', unit: 'bytes of server memory per connection', goal: '≤ 1.25' },
      pairs.map(({ a, b }) => [a.bytesPerConnection, b.bytesPerConnection]),
    ),
  ];
};
