import type { Generator } from '@parley/load-kit/generator';
import { alternate } from './alternate.ts';
import { type Bench, type BenchRun, withSystem } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { describeLoads, faultOf } from './describe-load.ts';
import { type LoadPlan, type LoadResult, measureLoad } from './measure-load.ts';
import type { SystemName, SystemUnderTest } from './system-under-test.ts';

const NODES = 2;
const MAX_P99_MS = 100;

/** From one rate to the next; so coarse is the answer, for both alike. */
const STEP = 1.25;
/** A step that is missed may have met a hiccup of the machine: it is tried once more before the search ends. */
const TRIES = 2;
const MAX_STEPS = 30;

interface Plan {
  readonly clients: number;
  /** Where the first search of each begins. */
  readonly firstRates: Readonly<Record<SystemName, number>>;
  readonly load: Omit<LoadPlan, 'perSecond'>;
  /** Many messages for few clients. */
  readonly dense: LoadPlan & { readonly clients: number };
}

const FULL: Plan = {
  clients: 1_000,
  firstRates: { parley: 400, plain: 80 },
  load: { senders: 100, warmUpMs: 3_000, measureMs: 4_000, drainMs: 5_000 },
  dense: { clients: 50, perSecond: 4_000, senders: 50, warmUpMs: 5_000, measureMs: 5_000, drainMs: 10_000 },
};

const QUICK: Plan = {
  clients: 40,
  firstRates: { parley: 20, plain: 20 },
  load: { senders: 10, warmUpMs: 1_000, measureMs: 1_000, drainMs: 20_000 },
  dense: { clients: 10, perSecond: 100, senders: 10, warmUpMs: 1_000, measureMs: 1_000, drainMs: 20_000 },
};

interface Outcome {
  /** At the highest rate that was kept. */
  readonly highest: LoadResult;
  readonly dense: LoadResult;
}

/**
 * How many deliveries a second one room of 1,000 clients gets at p99 ≤ 100 ms, and what each delivery costs where many
 * messages go to few clients.
 */
export const benchFanout: Bench = async (run) => {
  const base = run.options.isQuick ? QUICK : FULL;
  const plan = { ...base, clients: run.options.clients ?? base.clients };
  const startRates = { ...plan.firstRates };
  const measure = (name: SystemName) => (pair: number) =>
    withSystem(run, name, { nodes: NODES }, async (system, connectPool): Promise<Outcome> => {
      run.report(`${name}, pair ${pair + 1}: ${plan.dense.clients} clients, ${plan.dense.perSecond} messages/s`);
      const dense = await measureLoad(
        system,
        await connectPool({ clients: plan.dense.clients }),
        plan.dense,
        run.signal,
      );
      run.report(describeStep(name, dense));
      const gathered = () => connectPool({ clients: plan.clients });
      const highest = await findHighest(run, system, gathered, plan, startRates[name]);
      // The next search begins two steps below, where it will hold.
      startRates[name] = highest.perSecond / STEP ** 2;
      return { highest, dense };
    });
  const pairs = await alternate(run.options.pairs, measure('parley'), measure('plain'));

  run.print(`${plan.clients} clients in one room, ${NODES} servers: the highest rate at p99 ≤ ${MAX_P99_MS} ms`);
  const label = (name: SystemName, pair: number) => `${name} ${pair + 1}`;
  const print = (of: (outcome: Outcome) => LoadResult) => {
    const rows = pairs.flatMap(({ a, b }, pair) => [
      [label('parley', pair), of(a)] as const,
      [label('plain', pair), of(b)] as const,
    ]);
    for (const line of describeLoads(rows)) run.print(line);
  };
  print(({ highest }) => highest);
  run.print(`${plan.dense.clients} clients, ${plan.dense.perSecond} messages/s`);
  print(({ dense }) => dense);
  return [
    compare(
      { name: 'fanout deliveries', unit: 'deliveries/s', goal: '≥ 10' },
      pairs.map(({ a, b }) => [a.highest.deliveriesPerSecond, b.highest.deliveriesPerSecond]),
    ),
    compare(
      { name: 'fanout CPU', unit: 'CPU s per million deliveries', goal: '≤ 0.33' },
      pairs.map(({ a, b }) => [a.dense.systemCpuPerMillion, b.dense.systemCpuPerMillion]),
    ),
  ];
};

/** Raises the rate until p99 or a loss ends it; where the first one is already too much, lowers it until one holds. */
async function findHighest(
  run: BenchRun,
  system: SystemUnderTest,
  connectPool: () => Promise<Generator>,
  plan: Plan,
  firstRate: number,
): Promise<LoadResult> {
  const { name } = system;
  // A quick run shows that everything works, on however busy a machine.
  const maxP99Ms = run.options.isQuick ? Number.POSITIVE_INFINITY : MAX_P99_MS;
  let generator = await connectPool();
  const holds = async (perSecond: number): Promise<LoadResult | undefined> => {
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const load = await measureLoad(system, generator, { ...plan.load, perSecond }, run.signal);
      const fault = faultOf(load);
      run.report(`${describeStep(name, load)}${attempt > 1 ? ' (again)' : ''}`);
      if (fault === undefined && load.p99Ms <= maxP99Ms) return load;
      // What is still on its way must not burden the next step.
      if (fault !== undefined) generator = await connectPool();
    }
    return undefined;
  };
  let best = await holds(firstRate);
  const isRising = best !== undefined;
  for (let step = 1; step <= MAX_STEPS; step += 1) {
    const next = await holds(firstRate * (isRising ? STEP : 1 / STEP) ** step);
    if (isRising ? !next : next) return next ?? (best as LoadResult);
    best = next ?? best;
    if (run.options.isQuick && best) return best;
  }
  if (best) return best;
  throw new Error(`${name} kept no rate at p99 ≤ ${MAX_P99_MS} ms, down from ${firstRate} messages/s`);
}

function describeStep(name: SystemName, load: LoadResult): string {
  const fault = faultOf(load);
  return (
    `${name}: ${formatNumber(load.perSecond)} messages/s, ${formatNumber(load.deliveriesPerSecond)} deliveries/s, ` +
    `p50 ${formatNumber(load.p50Ms)} p99 ${formatNumber(load.p99Ms)} ms, ` +
    `${formatNumber(load.systemCpuPerMillion)} CPU s per million${fault ? `; ${fault}` : ''}`
  );
}
