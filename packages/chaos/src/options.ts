import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';
import type { Experiment } from './experiments/experiment.ts';
import { EXPERIMENT_NAMES, EXPERIMENTS, type ExperimentName } from './experiments/named-experiments.ts';
import { randomFaults } from './experiments/random-faults.ts';

export const USAGE = `usage: npm run chaos -- [experiment] [options]
Runs a cluster of its own under load, lets its parts fail, and judges what the clients and the store show. Without an experiment
they fail at random. An experiment also measures, and holds each figure against its bound:

  redis-outage     Redis hangs (60 s)
  rolling-restart  every chat server is restarted in turn, with all places taken (3 rounds; --seconds: until then)
  slow-readers     10 of 50 clients read nothing (60 s, after as long a time in which they do)

  --faults N     how many faults, at random (20)
  --seconds S    how long it takes, at most 720, slow-readers 360 (at random: 3 for each fault)
  --seed X       a whole number; the same one makes the same faults (random, printed)
  --json FILE    writes the verdict, and an experiment's figures, as JSON
  --keep         keeps the recorded history and the logs also where no promise or bound was broken
  --mongodb-command COMMAND
                 starts, in the foreground, the server that MONGODB_URL names; it is killed and frozen as well
  --help

With MONGODB_URL the history is in a database of its own on that server. MONGODB_PID names a running server that may be frozen.
toxiproxy-server, where it is on PATH or in .cache/bin, adds slow, silent and cut links to Redis and MongoDB;
packages/chaos/install-test-tools.sh brings it.
Exit code: 0 when every promise and bound was kept, 1 when one was broken, 2 when the run could not be made.`;

export interface ChaosOptions {
  readonly experiment: Experiment;
  /** What makes the same run again. */
  readonly rerunCommand: string;
  readonly seed: number;
  readonly jsonFile: string | undefined;
  readonly keep: boolean;
  readonly mongodbCommand: string | undefined;
}

const SECONDS_PER_FAULT = 3;
/** Access tokens last 15 minutes by default, and plain clients do not renew them. */
const MOST_SECONDS = 720;
/** Of that which comes twice in a run. */
const MOST_SECONDS_TWICE = 360;
const MOST_FAULTS = 1_000;

const OPTIONS = {
  faults: { type: 'string' },
  seconds: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'string' },
  keep: { type: 'boolean' },
  'mongodb-command': { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * @returns undefined when only the usage is wanted
 * @throws ConfigError naming the option, the value and what is allowed
 */
export function readOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return undefined;
  const seed = integerOption('--seed', values.seed, 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 1_000_000);
  const { experiment, rerunCommand } = chooseExperiment(positionals, values);
  return {
    experiment,
    rerunCommand: `npm run chaos -- ${rerunCommand} --seed ${seed}`,
    seed,
    jsonFile: values.json,
    keep: values.keep ?? false,
    mongodbCommand: values['mongodb-command'],
  };
}

function chooseExperiment(
  [name, ...more]: readonly string[],
  values: { faults?: string; seconds?: string },
): { experiment: Experiment; rerunCommand: string } {
  if (name === undefined) {
    const faults = integerOption('--faults', values.faults, 1, MOST_FAULTS) ?? 20;
    const seconds =
      integerOption('--seconds', values.seconds, 5, MOST_SECONDS) ??
      Math.min(MOST_SECONDS, Math.max(10, faults * SECONDS_PER_FAULT));
    return { experiment: randomFaults(faults, seconds), rerunCommand: `--faults ${faults} --seconds ${seconds}` };
  }
  if (!isExperimentName(name))
    throw new ConfigError(`the experiment is "${name}"; allowed: ${EXPERIMENT_NAMES.join(', ')}, or none`);
  if (more.length > 0) throw new ConfigError(`"${more.join(' ')}" follows ${name}; allowed: one experiment`);
  if (values.faults !== undefined)
    throw new ConfigError(`--faults is given with ${name}; allowed: without an experiment`);
  const most = name === 'slow-readers' ? MOST_SECONDS_TWICE : MOST_SECONDS;
  const seconds = integerOption('--seconds', values.seconds, 5, most);
  return {
    experiment: EXPERIMENTS[name](seconds),
    rerunCommand: seconds === undefined ? name : `${name} --seconds ${seconds}`,
  };
}

const isExperimentName = (name: string): name is ExperimentName => EXPERIMENT_NAMES.some((known) => known === name);
