// `npm run fuzz`
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, formatTable, runCommand } from '@parley/load-kit/command';
import { checkVerdict } from './checks/verdict.ts';
import { type FuzzOptions, readOptions, USAGE } from './options.ts';
import { type FuzzOutcome, runFuzz } from './run-fuzz.ts';
import { startTestBed } from './test-bed.ts';

const MAX_DETAILS = 40;
const MAX_FINDING_FILES = 100;
const MAX_LINE = 1_000;

await runCommand('fuzz', async (command) => {
  const options = readOptions(process.argv.slice(2));
  if (options) return run(options, command);
  command.print(USAGE);
  return 0;
});

async function run(
  { seconds, seed, jsonFile, keep }: FuzzOptions,
  { print, report, signal }: Command,
): Promise<number> {
  report(`seed ${seed}`);
  const bed = await startTestBed({ report, signal });
  let passed = true;
  try {
    const outcome = await runFuzz(bed, { seconds, seed, report, signal });
    const checks = checkVerdict(outcome.verdict, seconds);
    passed = checks.every(({ ok }) => ok);
    for (const line of outcome.notes) print(line);
    const rows = checks.map(({ name, value, bound, ok }) => [name, value, bound, ok ? '' : 'OUT OF BOUNDS']);
    for (const line of formatTable([['', 'measured', 'bound', ''], ...rows])) print(line);
    printDetails(outcome.details, print);
    if (jsonFile) await writeFile(jsonFile, `${JSON.stringify(outcome.verdict, null, 2)}\n`);
    if (!passed) await writeEvidence(bed.directory, outcome);
  } catch (error) {
    passed = signal.aborted;
    throw error;
  } finally {
    await bed.stop();
    if (passed && !keep) await rm(bed.directory, { recursive: true, force: true, maxRetries: 5 });
    else print(`findings and logs: ${bed.directory}`);
  }
  const repeat = `npm run fuzz -- --seconds ${seconds} --seed ${seed}`;
  print(passed ? 'all bounds held' : `a bound was violated; to repeat the run: ${repeat}`);
  return passed ? 0 : 1;
}

function printDetails(details: readonly string[], print: (line: string) => void): void {
  for (const line of details.slice(0, MAX_DETAILS)) print(`  ${line.slice(0, MAX_LINE)}`);
  if (details.length > MAX_DETAILS) print(`  … and ${details.length - MAX_DETAILS} more`);
}

/** Writes each finding as a file that can be copied to `regressions/`, and the last inputs. */
async function writeEvidence(directory: string, { findings, recentInputs }: FuzzOutcome): Promise<void> {
  const folder = join(directory, 'findings');
  await mkdir(folder, { recursive: true });
  for (const [index, { what, input }] of findings.slice(0, MAX_FINDING_FILES).entries()) {
    await writeCase(join(folder, `finding-${index + 1}.json`), what, [input]);
  }
  await writeCase(join(folder, 'recent-inputs.json'), 'the last inputs', recentInputs);
}

function writeCase(file: string, title: string, inputs: readonly unknown[]): Promise<void> {
  return writeFile(file, `${JSON.stringify({ title, inputs }, null, 2)}\n`);
}
