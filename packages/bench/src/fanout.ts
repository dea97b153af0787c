import type { Generator } from '@parley/load-kit/generator';
import { alternate } from './alternate.ts';
import { type Bench, type BenchRun, withSystem } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { describeLoads, faultOf } from './describe-load.ts';
import { type LoadPlan, type LoadResult, measureLoad } from './measure-load.ts';
import type { SystemName, SystemUnderTest } from './system-under-test.ts';

const NODES = 2;
const MAX_P99_MS = 100;

/** Factor between two rates of the search, and thus the precision of the result for both systems. */
const STEP = 1.25;
/** Attempts per rate, because a pause of the machine can fail a single one. */
const MAX_ATTEMPTS = 2;
const MAX_STEPS = 30;

interface Plan {
  readonly clients: number;
  /** First rate of the first search of each system. */
  readonly firstRates: Readonly<Record<SystemName, number>>;
  readonly load: Omit<LoadPlan, 'perSecond'>;
  /** A high message rate for few clients. */
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
  /** At the highest rate within the limits. */
  readonly highest: LoadResult;
  readonly dense: LoadResult;
}

/**
 * Measures the highest delivery rate in one room of 1,000 clients at p99 ≤ 100 ms, and the CPU per delivery of a high message rate
 * for few clients.
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
      const connect = () => connectPool({ clients: plan.clients });
      const highest = await findHighest(run, system, connect, plan, startRates[name]);
      // The next search starts two steps lower, at a rate that will succeed.
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

/** Raises the rate until p99 or a loss fails a step. If the first rate fails, lowers it until one succeeds. */
async function findHighest(
  run: BenchRun,
  system: SystemUnderTest,
  connectPool: () => Promise<Generator>,
  plan: Plan,
  firstRate: number,
): Promise<LoadResult> {
  const { name } = system;
  // `--quick` must work on a busy machine.
  const maxP99Ms = run.options.isQuick ? Number.POSITIVE_INFINITY : MAX_P99_MS;
  let generator = await connectPool();
  const tryRate = async (perSecond: number): Promise<LoadResult | undefined> => {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const load = await measureLoad(system, generator, { ...plan.load, perSecond }, run.signal);
      const fault = faultOf(load);
      run.report(`${describeStep(name, load)}${attempt > 1 ? ' (again)' : ''}`);
      if (fault === undefined && load.p99Ms <= maxP99Ms) return load;
      // Messages in flight must not affect the next step.
      if (fault !== undefined) generator = await connectPool();
    }
    return undefined;
  };
  let best = await tryRate(firstRate);
  const isRising = best !== undefined;
  for (let step = 1; step <= MAX_STEPS; step += 1) {
    const next = await tryRate(firstRate * (isRising ? STEP : 1 / STEP) ** step);
    if (isRising ? !next : next) return next ?? (best as LoadResult);
    best = next ?? best;
    if (run.options.isQuick && best) return best;
  }
  if (best) return best;
  throw new Error(`${name} reached p99 ≤ ${MAX_P99_MS} ms at no rate up to ${firstRate} messages/s`);
}

function describeStep(name: SystemName, load: LoadResult): string {
  const fault = faultOf(load);
  return (
    `${name}: ${formatNumber(load.perSecond)} messages/s, ${formatNumber(load.deliveriesPerSecond)} deliveries/s, ` +
    `p50 ${formatNumber(load.p50Ms)} p99 ${formatNumber(load.p99Ms)} ms, ` +
    `${formatNumber(load.systemCpuPerMillion)} CPU s per million${fault ? `; ${fault}` : ''}`
  );
}
