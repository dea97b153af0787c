import { alternate } from './alternate.ts';
import { type Bench, withSystem } from './bench-run.ts';
import { compare } from './comparison.ts';
import { describeLoads, faultOf } from './describe-load.ts';
import { measureLoad } from './measure-load.ts';
import type { SystemName } from './system-under-test.ts';

const NODES = 2;
const PLAN = { perSecond: 100, senders: 100, warmUpMs: 3_000, measureMs: 10_000, drainMs: 5_000 } as const;
const QUICK = { ...PLAN, warmUpMs: 200, measureMs: 1_000 };

/** Measures the time from send to delivery at low load. Half of the receivers are on the other server. */
export const benchLatency: Bench = async (run) => {
  const clients = run.options.clients ?? (run.options.isQuick ? 20 : 100);
  const plan = { ...(run.options.isQuick ? QUICK : PLAN), senders: clients };
  const measure = (name: SystemName) => (pair: number) =>
    withSystem(run, name, { nodes: NODES }, async (system, connectPool) => {
      run.report(`${name}, pair ${pair + 1}: ${clients} clients, ${plan.perSecond} messages/s`);
      const load = await measureLoad(system, await connectPool({ clients }), plan, run.signal);
      const fault = faultOf(load);
      if (fault) throw new Error(`${name} at ${plan.perSecond} messages/s: ${fault}`);
      return load;
    });
  const pairs = await alternate(run.options.pairs, measure('parley'), measure('plain'));
  run.print(`${clients} clients in one room, ${NODES} servers, ${plan.perSecond} messages/s`);
  const rows = pairs.flatMap(({ a, b }, pair) => [
    [`parley ${pair + 1}`, a] as const,
    [`plain ${pair + 1}`, b] as const,
  ]);
  for (const line of describeLoads(rows)) run.print(line);
  const row = (name: string, goal: string) => ({ name, unit: 'ms', goal });
  return [
    compare(
      row('latency p50', '≤ 1.5'),
      pairs.map(({ a, b }) => [a.p50Ms, b.p50Ms]),
    ),
    compare(
      row('latency p99', 'none'),
      pairs.map(({ a, b }) => [a.p99Ms, b.p99Ms]),
    ),
  ];
};
