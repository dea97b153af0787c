// `npm run bench`
import { writeFile } from 'node:fs/promises';
import { type Command, runCommand } from '@parley/load-kit/command';
import type { Bench } from './bench-run.ts';
import { describeComparison } from './comparison.ts';
import { benchFairness } from './fairness.ts';
import { benchFanout } from './fanout.ts';
import { benchHistory } from './history.ts';
import { benchLatency } from './latency.ts';
import { benchNodes } from './nodes.ts';
import { type BenchName, type BenchOptions, readOptions, USAGE } from './options.ts';
import { benchStorm } from './storm.ts';
import { benchUsers } from './users.ts';

const BENCH: Readonly<Record<BenchName, Bench>> = {
  fanout: benchFanout,
  latency: benchLatency,
  users: benchUsers,
  storm: benchStorm,
  history: benchHistory,
  nodes: benchNodes,
  fairness: benchFairness,
};

await runCommand('bench', async (command) => {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options, command);
  else command.print(USAGE);
  return 0;
});

async function run(options: BenchOptions, { print, report, signal }: Command): Promise<void> {
  const comparisons = await BENCH[options.bench]({ options, report, print, signal });
  for (const comparison of comparisons) print(describeComparison(comparison));
  if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(comparisons, null, 2)}\n`);
}
