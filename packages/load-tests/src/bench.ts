// `npm run bench`: see its usage.
import { writeFile } from 'node:fs/promises';
import { ConfigError } from '@parley/service-kit';
import type { Bench } from './bench/bench-run.ts';
import { describeComparison } from './bench/comparison.ts';
import { benchFanout } from './bench/fanout.ts';
import { benchHistory } from './bench/history.ts';
import { benchLatency } from './bench/latency.ts';
import { benchNodes } from './bench/nodes.ts';
import { type BenchName, type BenchOptions, readOptions, USAGE } from './bench/options.ts';
import { benchStorm } from './bench/storm.ts';
import { benchUsers } from './bench/users.ts';

const BENCH: Readonly<Record<BenchName, Bench>> = {
  fanout: benchFanout,
  latency: benchLatency,
  users: benchUsers,
  storm: benchStorm,
  history: benchHistory,
  nodes: benchNodes,
};

const startedAt = performance.now();
const print = (line: string) => process.stdout.write(`${line}\n`);
const report = (line: string) =>
  print(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`);

const stopRequested = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopRequested.abort());

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options);
  else print(USAGE);
} catch (error) {
  if (stopRequested.signal.aborted) process.exitCode = 130;
  else {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : `the bench failed: ${(error as Error).stack}`}\n`,
    );
    process.exitCode = 2;
  }
}
process.exit();

async function run(options: BenchOptions): Promise<void> {
  const comparisons = await BENCH[options.bench]({ options, report, print, signal: stopRequested.signal });
  for (const comparison of comparisons) print(describeComparison(comparison));
  if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(comparisons, null, 2)}\n`);
}
