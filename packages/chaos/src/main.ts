// `npm run chaos`: see its usage.
import { rm, writeFile } from 'node:fs/promises';
import { describeJudgement, isKept, judge, writeEvidence } from '@parley/load-kit/checker';
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
  let kept = true;
  try {
    const { record, figures, exits } = await runExperiment(bed, options.experiment, {
      seed: options.seed,
      report,
      signal,
    });
    const judgement = judge(record);
    kept = isKept(judgement.verdict) && exits.length === 0 && figures.every(isWithinBound);
    for (const line of [...describeJudgement(record, judgement), ...exits]) print(line);
    if (figures.length > 0) for (const line of ['figures', ...describeMeasurements(figures)]) print(line);
    const outcome = { ...judgement.verdict, ...(figures.length > 0 && { figures }) };
    if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(outcome, null, 2)}\n`);
    if (!kept || options.keep) await writeEvidence(bed.directory, record, judgement);
  } catch (error) {
    kept = signal.aborted;
    throw error;
  } finally {
    await bed.stop();
    if (kept && !options.keep) await rm(bed.directory, { recursive: true, force: true, maxRetries: 5 });
    else print(`the recorded record and the logs are in ${bed.directory}`);
  }
  print(kept ? 'every promise was kept' : `a promise was broken; once more: ${options.rerunCommand}`);
  return kept ? 0 : 1;
}
