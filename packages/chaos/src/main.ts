// `npm run chaos`
import { rm, writeFile } from 'node:fs/promises';
import { describeJudgement, hasNoViolation, judge, writeEvidence } from '@parley/load-kit/checker';
import { type Command, runCommand } from '@parley/load-kit/command';
import { describeMeasurements, isWithinBound } from './experiments/measurement.ts';
import { type ChaosOptions, readOptions, USAGE } from './options.ts';
import { runExperiment } from './run-experiment.ts';
import { startTestBed } from './test-bed.ts';

await runCommand('chaos', async (command) => {
  const options = readOptions(process.argv.slice(2));
  if (options) return run(options, command);
  command.print(USAGE);
  return 0;
});

async function run(options: ChaosOptions, { print, report, signal }: Command): Promise<number> {
  report(`seed ${options.seed}`);
  const bed = await startTestBed({ mongodbCommand: options.mongodbCommand, report, signal });
  let passed = true;
  try {
    const { record, measurements, exits } = await runExperiment(bed, options.experiment, {
      seed: options.seed,
      report,
      signal,
    });
    const judgement = judge(record);
    passed = hasNoViolation(judgement.verdict) && exits.length === 0 && measurements.every(isWithinBound);
    for (const line of [...describeJudgement(record, judgement), ...exits]) print(line);
    if (measurements.length > 0) for (const line of ['figures', ...describeMeasurements(measurements)]) print(line);
    const outcome = { ...judgement.verdict, ...(measurements.length > 0 && { figures: measurements }) };
    if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(outcome, null, 2)}\n`);
    if (!passed || options.keep) await writeEvidence(bed.directory, record, judgement);
  } catch (error) {
    passed = signal.aborted;
    throw error;
  } finally {
    await bed.stop();
    if (passed && !options.keep) await rm(bed.directory, { recursive: true, force: true, maxRetries: 5 });
    else print(`event record and logs: ${bed.directory}`);
  }
  print(passed ? 'all guarantees held' : `a guarantee was violated; to repeat the run: ${options.rerunCommand}`);
  return passed ? 0 : 1;
}
