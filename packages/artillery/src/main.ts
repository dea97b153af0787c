// `npm run artillery`
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, runCommand } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';
import { readOptions, USAGE } from './options.ts';
import { describeReport } from './print-report.ts';
import { readLastReport, writeReport } from './report.ts';
import { isArtilleryInstalled } from './run-artillery.ts';
import { runScenario } from './run-scenario.ts';
import { listScenarios, readScenario } from './scenario-file.ts';
import { writeHtml } from './write-html.ts';

await runCommand('artillery', run);

async function run({ print, report, signal }: Command): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.kind === 'help') {
    print(USAGE);
    return 0;
  }
  if (options.kind === 'list') {
    for (const { name, question } of listScenarios()) print(`${name.padEnd(24)} ${question}`);
    return 0;
  }
  const scenario = readScenario(options.name, options.users);
  if (!isArtilleryInstalled()) throw new ConfigError('Artillery is not installed; run this with npm run artillery');
  report(`${scenario.name}: ${scenario.question}`);
  const directory = await mkdtemp(join(tmpdir(), 'parley-artillery-'));
  let passed = false;
  try {
    const result = await runScenario(scenario, options, { directory, report, signal });
    passed = result.checks.every(({ ok }) => ok);
    const last = readLastReport(result.name);
    const { jsonFile, htmlFile } = writeReport(result, writeHtml(result, last));
    for (const line of ['', ...describeReport(result, last), '', jsonFile, htmlFile]) print(line);
  } finally {
    if (passed || signal.aborted) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    else print(`logs and data of the run: ${directory}`);
  }
  return passed ? 0 : 1;
}
