import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';
import type { Experiment } from './experiments/experiment.ts';
import { EXPERIMENT_NAMES, EXPERIMENTS, type ExperimentName } from './experiments/named-experiments.ts';
import { randomFaults } from './experiments/random-faults.ts';

const DEFAULT_FAULTS = 20;
const MAX_FAULTS = 1_000;
const SECONDS_PER_FAULT = 3;
/** Access tokens are valid for 15 minutes by default, and plain clients do not renew them. */
const MAX_SECONDS = 720;
/** `slow-readers` has two periods of this length. */
const MAX_SLOW_READER_SECONDS = 360;

export const USAGE = `usage: npm run chaos -- [EXPERIMENT] [options]

Starts a cluster, puts it under load, injects faults, and checks every guarantee against the recorded events of all clients and the
messages in the store. Without EXPERIMENT it injects random faults. An experiment also measures, and compares the results with
their bounds:

  redis-outage     freezes Redis (60 s)
  rolling-restart  restarts every chat server in turn while all slots are taken (3 rounds)
  slow-readers     10 of 50 clients stop reading (60 s, after 60 s of normal load)

Options:
  --faults N     number of random faults, 1 to ${MAX_FAULTS} (default: ${DEFAULT_FAULTS})
  --seconds S    duration in seconds, 5 to ${MAX_SECONDS}, for slow-readers 5 to ${MAX_SLOW_READER_SECONDS}
                 (default: ${SECONDS_PER_FAULT} per fault, or the experiment's own duration); rolling-restart starts no round after that
  --seed X       seed of the random faults, a whole number (default: random; printed, to repeat a run)
  --json FILE    write the verdict and the measurements as JSON
  --keep         keep the event record and the logs after a successful run
  --mongodb-command COMMAND
                 command that starts the server of MONGODB_URL in the foreground; the server is then killed and frozen as well
  --help         print this text

Environment:
  MONGODB_URL    store messages on this server, in a new database that is dropped after the run (default: embedded store)
  MONGODB_PID    process id of that server, to freeze it

With toxiproxy-server on PATH or in .cache/bin, the links to Redis and MongoDB also get the faults slow, black-hole and cut.
packages/chaos/install-test-tools.sh installs it.

Ctrl-C stops the run and the cluster.
Exit code: 0 = all guarantees and bounds held, 1 = one was violated, 2 = the run failed, 130 = stopped.`;

export interface ChaosOptions {
  readonly experiment: Experiment;
  /** Command that repeats the run. */
  readonly rerunCommand: string;
  readonly seed: number;
  readonly jsonFile: string | undefined;
  readonly keep: boolean;
  readonly mongodbCommand: string | undefined;
}

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
 * Reads the command line.
 *
 * @returns undefined for `--help`
 * @throws ConfigError naming the option, the value and the allowed values
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
    const faults = integerOption('--faults', values.faults, 1, MAX_FAULTS) ?? DEFAULT_FAULTS;
    const seconds =
      integerOption('--seconds', values.seconds, 5, MAX_SECONDS) ??
      Math.min(MAX_SECONDS, Math.max(10, faults * SECONDS_PER_FAULT));
    return { experiment: randomFaults(faults, seconds), rerunCommand: `--faults ${faults} --seconds ${seconds}` };
  }
  if (!isExperimentName(name))
    throw new ConfigError(`the experiment is "${name}"; allowed: ${EXPERIMENT_NAMES.join(', ')}, or none`);
  if (more.length > 0) throw new ConfigError(`unexpected "${more.join(' ')}" after ${name}; allowed: one experiment`);
  if (values.faults !== undefined) throw new ConfigError(`--faults is not allowed with the experiment ${name}`);
  const maxSeconds = name === 'slow-readers' ? MAX_SLOW_READER_SECONDS : MAX_SECONDS;
  const seconds = integerOption('--seconds', values.seconds, 5, maxSeconds);
  return {
    experiment: EXPERIMENTS[name](seconds),
    rerunCommand: seconds === undefined ? name : `${name} --seconds ${seconds}`,
  };
}

const isExperimentName = (name: string): name is ExperimentName => EXPERIMENT_NAMES.some((known) => known === name);
