import { join } from 'node:path';
import { formatTable } from '@parley/load-kit/command';
import { machineNowMs, signToken } from '@parley/load-kit/generator';
import { seededRandom } from '@parley/load-kit/seeded-random';
import { pause } from '@parley/service-kit';
import { alternate } from './alternate.ts';
import { type Bench, type BenchRun, withClientPools, withTemporaryDirectory } from './bench-run.ts';
import { compare, formatNumber } from './comparison.ts';
import { fillHistory } from './fill-history.ts';
import { drain } from './measure-load.ts';
import { readRandomPages } from './read-pages.ts';
import { startParley } from './start-parley.ts';

const NODES = 2;
/** The almost empty store. Pages need some messages. */
const FEW_MESSAGES = 2_000;
const SENDERS = 10;
const IN_FLIGHT_PER_CLIENT = 20;
const TEXT_CHARACTERS = 90;
const DRAIN_MS = 30_000;
const WARM_UP_PAGES = 200;
const FULL = { warmUpMs: 3_000, appendMs: 8_000, pages: 3_000 } as const;
const QUICK = { warmUpMs: 200, appendMs: 1_000, pages: 100 } as const;
const PROGRESS_EVERY = 1_000_000;

interface Measured {
  readonly appendsPerSecond: number;
  readonly pageP50Ms: number;
  readonly pageP99Ms: number;
}

interface Store {
  readonly label: string;
  readonly directory: string;
  readonly lobbyHead: number;
}

/** Measures whether stored messages slow appends and page reads: the same cluster on a full and on an almost empty store. */
export const benchHistory: Bench = (run) =>
  withTemporaryDirectory(async (root) => {
    const full = await prepare(run, join(root, 'full'), run.options.messages);
    const few = await prepare(run, join(root, 'few'), FEW_MESSAGES);
    const pairs = await alternate(
      run.options.pairs,
      () => measure(run, full),
      () => measure(run, few),
    );
    run.print('appends with 200 unacked messages; random pages of 50 messages in the lobby; all through nginx');
    const row = (label: string, { appendsPerSecond, pageP50Ms, pageP99Ms }: Measured) => [
      label,
      ...[appendsPerSecond, pageP50Ms, pageP99Ms].map(formatNumber),
    ];
    const rows = pairs.flatMap(({ a, b }, pair) => [
      row(`${full.label} ${pair + 1}`, a),
      row(`${few.label} ${pair + 1}`, b),
    ]);
    for (const line of formatTable([['', 'appends/s', 'page p50 ms', 'page p99 ms'], ...rows])) run.print(line);
    const comparison = (name: string, unit: string, goal: string, value: (measured: Measured) => number) =>
      compare(
        { name, unit, goal },
        pairs.map(({ a, b }) => [value(a), value(b)]),
      );
    return [
      comparison('history accepts', 'messages/s', '≥ 0.83', ({ appendsPerSecond }) => appendsPerSecond),
      comparison('history page p50', 'ms', '≤ 1.2', ({ pageP50Ms }) => pageP50Ms),
      comparison('history page p99', 'ms', 'none', ({ pageP99Ms }) => pageP99Ms),
    ];
  });

/** Starts a cluster to create the schema, stops it, and fills the store. */
async function prepare(run: BenchRun, directory: string, messages: number): Promise<Store> {
  const label = `${formatNumber(messages)} messages`;
  const system = await startParley({ nodes: 1, directory, signal: run.signal });
  await system.stop();
  run.report(`writing ${label}`);
  const lobbyHead = fillHistory(system.cluster.dataDir, messages, run.signal, (written) => {
    if (written % PROGRESS_EVERY === 0) run.report(`${formatNumber(written)} written`);
  });
  return { label, directory, lobbyHead };
}

async function measure(run: BenchRun, { label, directory, lobbyHead }: Store): Promise<Measured> {
  const system = await startParley({ nodes: NODES, directory, signal: run.signal });
  try {
    return await withClientPools(run, system, async (_, connectPool) => {
      const token = signToken(system.cluster.jwtSecret, 'bench-reader');
      const random = seededRandom(lobbyHead);
      const pages = (count: number) =>
        readRandomPages(system.address, {
          ...{ token, conversationId: 'lobby', headSeq: lobbyHead, pages: count, random },
          signal: run.signal,
        });
      await pages(WARM_UP_PAGES);
      const { pages: count, warmUpMs, appendMs } = run.options.isQuick ? QUICK : FULL;
      const latencies = await pages(count);

      const generator = await connectPool({ clients: SENDERS });
      const startedMs = machineNowMs();
      await generator.sendOnAck({
        inFlightPerClient: IN_FLIGHT_PER_CLIENT,
        endMs: startedMs + warmUpMs + appendMs,
        textCharacters: TEXT_CHARACTERS,
      });
      await pause(warmUpMs, run.signal);
      const before = await generator.report();
      const fromMs = machineNowMs();
      await pause(appendMs, run.signal);
      const { acked } = await generator.report();
      const seconds = (machineNowMs() - fromMs) / 1_000;
      const { lost } = await drain(generator, DRAIN_MS, run.signal);
      run.signal.throwIfAborted();
      if (lost > 0) throw new Error(`${label}: ${lost} messages lost`);
      const measured = {
        appendsPerSecond: (acked - before.acked) / seconds,
        pageP50Ms: latencies.quantileMs(0.5),
        pageP99Ms: latencies.quantileMs(0.99),
      };
      run.report(
        `${label}: ${formatNumber(measured.appendsPerSecond)} appends/s, page p50 ${formatNumber(measured.pageP50Ms)} ms`,
      );
      return measured;
    });
  } finally {
    await system.stop();
  }
}
