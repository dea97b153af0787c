// `npm run chaos`
import { rm, writeFile } from 'node:fs/promises';
import { describeJudgement, hasNoViolation, judge, writeEvidence } from '@parley/load-kit/checker';
import { type Command, runCommand } from '@parley/load-kit/command';
import { describeMeasurements, isWithinBound, type Measurement } from './experiments/measurement.ts';
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
  const { experiment, redisMode, mongodbCommand } = options;
  const { maxMemoryMb, recoveredWithinMs } = experiment;
  const bed = await startTestBed({ redisMode, maxMemoryMb, mongodbCommand, report, signal });
  let passed = true;
  try {
    const outcome = await runExperiment(bed, experiment, { seed: options.seed, report, signal });
    const { record, problems } = outcome;
    const judgement = judge(record);
    const { verdict, clients, recoveries } = judgement;
    const measurements: Measurement[] = [...outcome.measurements];
    if (recoveredWithinMs !== undefined) {
      const bound = { atMost: recoveredWithinMs };
      measurements.push({ name: 'longest recovery', value: verdict.longestRecoveryMs, unit: 'ms', bound });
    }
    passed = hasNoViolation(verdict) && problems.length === 0 && measurements.every(isWithinBound);
    for (const line of [...describeJudgement(record, judgement), ...problems]) print(line);
    if (measurements.length > 0) for (const line of ['figures', ...describeMeasurements(measurements)]) print(line);
    const json = { ...verdict, clients, recoveries, ...(measurements.length > 0 && { figures: measurements }) };
    if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(json, null, 2)}\n`);
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
