import { alternate } from './alternate.ts';
import { type Bench, withSystem } from './bench-run.ts';
import { compare } from './comparison.ts';
import { describeLoads, faultOf } from './describe-load.ts';
import { measureLoad } from './measure-load.ts';

const FEW = 2;
const MANY = 8;
const PLAN = { perSecond: 100, senders: 100, warmUpMs: 3_000, measureMs: 8_000, drainMs: 5_000 } as const;
const QUICK = { ...PLAN, senders: 10, warmUpMs: 300, measureMs: 1_000 };

/** Measures the overhead of the cluster: CPU per delivery with 2 and with 8 chat servers for the same clients and messages. */
export const benchNodes: Bench = async (run) => {
  const { isQuick } = run.options;
  const clients = run.options.clients ?? (isQuick ? 40 : 1_000);
  const plan = isQuick ? QUICK : PLAN;
  const measure = (nodes: number) => (pair: number) =>
    withSystem(run, 'parley', { nodes }, async (system, connectPool) => {
      run.report(`${nodes} servers, pair ${pair + 1}: ${clients} clients, ${plan.perSecond} messages/s`);
      const load = await measureLoad(system, await connectPool({ clients }), plan, run.signal);
      const fault = faultOf(load);
      if (fault) throw new Error(`${nodes} servers: ${fault}`);
      return load;
    });
  const pairs = await alternate(run.options.pairs, measure(MANY), measure(FEW));
  run.print(`${clients} clients in one room, ${plan.perSecond} messages/s`);
  const rows = pairs.flatMap(({ a, b }, pair) => [
    [`${MANY} servers ${pair + 1}`, a] as const,
    [`${FEW} servers ${pair + 1}`, b] as const,
  ]);
  for (const line of describeLoads(rows)) run.print(line);
  return [
    compare(
      { name: `nodes CPU, ${MANY} servers by ${FEW}`, unit: 'CPU s per million deliveries', goal: '0.9 to 1.1' },
      pairs.map(({ a, b }) => [a.systemCpuPerMillion, b.systemCpuPerMillion]),
    ),
  ];
};
