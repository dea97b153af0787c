import { formatTable } from '@parley/load-kit/command';
import { type Generator, machineNowMs } from '@parley/load-kit/generator';
import { pause } from '@parley/service-kit';
import { type Bench, type BenchRun, withClientPools, withSystem } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { drain } from './measure-load.ts';
import { openRooms } from './open-rooms.ts';
import type { SystemUnderTest } from './system-under-test.ts';

const NODES = 2;
/** The default. Places must be scarce here. */
const MAX_IN_PROCESS = '500';
const OTHERS = 20;
const PER_SECOND = 100;
/** Messages that one greedy client keeps unanswered. A server handles 32 of a client at a time. */
const IN_FLIGHT = 64;
/** Greedy clients that differ in how hard they try. */
const GREEDY_IN_FLIGHT = [16, 32, 64, 128, 256] as const;
const TEXT_CHARACTERS = 90;
const START_DELAY_MS = 50;
const TAIL_MS = 300;
const DRAIN_MS = 30_000;
const FULL = { warmUpMs: 3_000, measureMs: 10_000 } as const;
const QUICK = { warmUpMs: 200, measureMs: 1_000 } as const;

/** The other clients, without or beside a greedy one. */
interface Others {
  readonly sent: number;
  readonly acked: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Messages per second of the greedy client that were acked and refused; 0 without one. */
  readonly greedyAcked: number;
  readonly greedyRefused: number;
}

interface Measured {
  readonly before: Others;
  /** Beside a greedy client that floods a conversation of its own. */
  readonly beside: Others;
  /** Beside a greedy client that floods the conversation of the others. */
  readonly inside: Others;
  /** Acks per second of several greedy clients. */
  readonly greedy: readonly number[];
}

/** Jain's index: 1 = all have the same, 1 / n = one has everything. */
export function jainIndex(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  const squares = values.reduce((total, value) => total + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/** Measures what clients with little to say notice of one that sends as fast as it can, and how several of those share the cluster. */
export const benchFairness: Bench = async (run) => {
  const others = run.options.clients ?? OTHERS;
  const measured: Measured[] = [];
  for (let pair = 0; pair < run.options.pairs; pair += 1) {
    run.report(`round ${pair + 1} of ${run.options.pairs}`);
    measured.push(
      await withSystem(run, 'parley', { nodes: NODES, env: { MAX_IN_PROCESS } }, (system, connectPool) =>
        measure(run, system, () => connectPool({ clients: others })),
      ),
    );
  }
  run.print(
    `${others} clients send ${PER_SECOND} messages/s together; MAX_IN_PROCESS ${MAX_IN_PROCESS}, ${NODES} servers`,
  );
  for (const line of formatTable([HEAD, ...measured.flatMap(toRows)])) run.print(line);
  for (const [pair, { greedy }] of measured.entries()) {
    run.print(`greedy clients ${pair + 1}: ${greedy.map(formatNumber).join(', ')} messages/s`);
  }
  const row = (name: string, unit: string, goal: string, value: (each: Measured) => readonly [number, number]) =>
    compare({ name, unit, goal }, measured.map(value));
  const acceptance = ({ acked, refused }: Others) => acked / Math.max(1, acked + refused);
  return (['beside', 'inside'] as const)
    .flatMap((place) => [
      row(`fairness ack p99, ${place}`, 'ms', '≤ 1.5', (each) => [each[place].p99Ms, each.before.p99Ms]),
      row(`fairness accepted, ${place}`, 'of all answers', '1', (each) => [
        acceptance(each[place]),
        acceptance(each.before),
      ]),
      row(`fairness throughput, ${place}`, 'messages', '≥ 0.95', (each) => [each[place].acked, each.before.acked]),
    ])
    .concat(row("fairness Jain's index", 'of 1', '≥ 0.95', ({ greedy }) => [jainIndex(greedy), 1]));
};

const HEAD = ['', 'sent', 'acked', 'refused', 'ack p50 ms', 'ack p99 ms', 'greedy acked/s', 'greedy refused/s'];

const toRows = (measured: Measured, pair: number) =>
  (['before', 'beside', 'inside'] as const).map((phase) => {
    const { sent, acked, refused, p50Ms, p99Ms, greedyAcked, greedyRefused } = measured[phase];
    const values = [sent, acked, refused, p50Ms, p99Ms, greedyAcked, greedyRefused];
    return [`${phase} ${pair + 1}`, ...values.map(formatNumber)];
  });

async function measure(
  run: BenchRun,
  system: SystemUnderTest,
  connectOthers: () => Promise<Generator>,
): Promise<Measured> {
  const others = await connectOthers();
  const { rooms } = await openRooms(system, 1, 1);
  const beside = (room: readonly string[]) =>
    withClientPools(run, system, async (_, connectPool) =>
      measureOthers(run, others, await connectPool({ clients: 1, rooms: room })),
    );
  const before = await measureOthers(run, others);
  return {
    before,
    beside: await beside(rooms),
    inside: await beside(['lobby']),
    greedy: await withClientPools(run, system, async (_, connectPool) =>
      measureGreedy(run, await connectPool({ clients: GREEDY_IN_FLIGHT.length })),
    ),
  };
}

async function measureOthers(run: BenchRun, others: Generator, greedy?: Generator): Promise<Others> {
  const { fromMs, endMs, seconds } = periodOf(run);
  const counts = async (generator: Generator) => {
    const { sent, refused } = await generator.report();
    return { sent, refused: Object.values(refused).reduce((sum, count) => sum + count, 0) };
  };
  const start = await counts(others);
  const greedyStart = greedy && (await counts(greedy));
  await Promise.all([others, greedy].map((generator) => generator?.observe(fromMs, endMs - TAIL_MS)));
  const load = { startMs: machineNowMs() + START_DELAY_MS, endMs, textCharacters: TEXT_CHARACTERS };
  await others.sendAtRate({ ...load, perSecond: PER_SECOND, senders: (await others.report()).ready });
  await greedy?.sendOnAck({ ...load, inFlightPerClient: IN_FLIGHT, isGreedy: true });
  await pause(endMs - machineNowMs(), run.signal);
  const { lost } = await drain(others, DRAIN_MS, run.signal);
  if (greedy) await drain(greedy, DRAIN_MS, run.signal);
  run.signal.throwIfAborted();
  if (lost > 0) throw new Error(`${lost} messages lost`);
  const end = await counts(others);
  const { latencies } = await others.acks();
  const refused = greedy && greedyStart ? (await counts(greedy)).refused - greedyStart.refused : 0;
  return {
    sent: end.sent - start.sent,
    acked: latencies.total,
    refused: end.refused - start.refused,
    p50Ms: latencies.quantileMs(0.5),
    p99Ms: latencies.quantileMs(0.99),
    greedyAcked: greedy ? (await greedy.acks()).latencies.total / seconds : 0,
    greedyRefused: refused / seconds,
  };
}

/** Returns the acks per second of each client. */
async function measureGreedy(run: BenchRun, greedy: Generator): Promise<number[]> {
  const { fromMs, endMs, seconds } = periodOf(run);
  await greedy.observe(fromMs, endMs - TAIL_MS);
  await greedy.sendOnAck({
    inFlightPerClient: GREEDY_IN_FLIGHT,
    isGreedy: true,
    endMs,
    textCharacters: TEXT_CHARACTERS,
  });
  await pause(endMs - machineNowMs(), run.signal);
  await drain(greedy, DRAIN_MS, run.signal);
  run.signal.throwIfAborted();
  return (await greedy.acks()).byClient.map((count) => count / seconds);
}

function periodOf({ options: { isQuick } }: BenchRun) {
  const { warmUpMs, measureMs } = isQuick ? QUICK : FULL;
  const fromMs = machineNowMs() + START_DELAY_MS + warmUpMs;
  return { fromMs, endMs: fromMs + measureMs + TAIL_MS, seconds: measureMs / 1_000 };
}
