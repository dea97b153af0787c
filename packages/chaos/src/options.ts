import { integerOption, parseOptions } from '@parley/load-kit/command';
import { FAULT_KINDS, type FaultKind } from '@parley/load-kit/faults';
import { ConfigError } from '@parley/service-kit';
import type { Experiment } from './experiments/experiment.ts';
import { EXPERIMENT_NAMES, EXPERIMENTS, type ExperimentName } from './experiments/named-experiments.ts';
import { randomFaults } from './experiments/random-faults.ts';
import { REDIS_MODES, type RedisMode } from './redis/redis-rig.ts';

const DEFAULT_FAULTS = 20;
const MAX_FAULTS = 1_000;
const SECONDS_PER_FAULT = 3;
/** Access tokens are valid for 15 minutes by default, and plain clients do not renew them. */
const MAX_SECONDS = 720;
/** `slow-readers` has two periods of this length. */
const MAX_SLOW_READER_SECONDS = 360;

const KIND_NAMES = Object.keys(FAULT_KINDS).join(', ');

export const USAGE = `usage: npm run chaos -- [EXPERIMENT] [options]

Starts a cluster, puts it under load, injects faults, and checks every guarantee against the recorded events of all clients and the
messages in the store. Without EXPERIMENT it injects random faults. An experiment also measures, and compares the results with
their bounds:

  redis-outage     freezes Redis (60 s)
  rolling-restart  restarts every chat server in turn while all slots are taken (3 rounds)
  slow-readers     10 of 50 clients stop reading (60 s, after 60 s of normal load)
  slow-disk        Redis' disk is slow; a worker is killed, and 0.7 s later Redis (5 rounds); needs strace
  full-redis       one client fills a Redis of 24 MB, and continues (30 s)

Options:
  --redis MODE   ${REDIS_MODES.join(', ')} (default: single): one Redis; a master with two replicas and three Sentinels; a Redis Cluster
                 of three masters, each with a replica. Only for random faults, slow-disk and full-redis
  --kinds A,B    only random faults of these kinds (${KIND_NAMES})
  --faults N     number of random faults, 1 to ${MAX_FAULTS} (default: ${DEFAULT_FAULTS})
  --seconds S    duration in seconds, 5 to ${MAX_SECONDS}, for slow-readers 5 to ${MAX_SLOW_READER_SECONDS}
                 (default: ${SECONDS_PER_FAULT} per fault, or the experiment's own duration); rolling-restart and slow-disk start no
                 round after that
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
With strace the disk of Redis can be slow, with libfaketime its clock can be set back, with redis-sentinel --redis sentinel works.
packages/chaos/install-test-tools.sh installs all of them. A run without one of them says so and leaves its faults out.

Ctrl-C stops the run and the cluster.
Exit code: 0 = all guarantees and bounds held, 1 = one was violated, 2 = the run failed, 130 = stopped.`;

export interface ChaosOptions {
  readonly experiment: Experiment;
  readonly redisMode: RedisMode;
  /** Command that repeats the run. */
  readonly rerunCommand: string;
  readonly seed: number;
  readonly jsonFile: string | undefined;
  readonly keep: boolean;
  readonly mongodbCommand: string | undefined;
}

const OPTIONS = {
  redis: { type: 'string' },
  kinds: { type: 'string' },
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
  const redisMode = chooseRedis(values.redis, experiment, positionals[0]);
  const redisOption = redisMode === 'single' ? '' : ` --redis ${redisMode}`;
  return {
    ...{ experiment, redisMode },
    rerunCommand: `npm run chaos -- ${rerunCommand}${redisOption} --seed ${seed}`,
    seed,
    jsonFile: values.json,
    keep: values.keep ?? false,
    mongodbCommand: values['mongodb-command'],
  };
}

function chooseExperiment(
  [name, ...more]: readonly string[],
  values: { faults?: string; seconds?: string; kinds?: string },
): { experiment: Experiment; rerunCommand: string } {
  if (name === undefined) {
    const faults = integerOption('--faults', values.faults, 1, MAX_FAULTS) ?? DEFAULT_FAULTS;
    const seconds =
      integerOption('--seconds', values.seconds, 5, MAX_SECONDS) ??
      Math.min(MAX_SECONDS, Math.max(10, faults * SECONDS_PER_FAULT));
    const kinds = kindsOf(values.kinds);
    const kindsOption = kinds ? ` --kinds ${kinds.join()}` : '';
    return {
      experiment: randomFaults(faults, seconds, kinds),
      rerunCommand: `--faults ${faults} --seconds ${seconds}${kindsOption}`,
    };
  }
  if (!isExperimentName(name))
    throw new ConfigError(`the experiment is "${name}"; allowed: ${EXPERIMENT_NAMES.join(', ')}, or none`);
  if (more.length > 0) throw new ConfigError(`unexpected "${more.join(' ')}" after ${name}; allowed: one experiment`);
  for (const option of ['faults', 'kinds'] as const) {
    if (values[option] !== undefined) throw new ConfigError(`--${option} is not allowed with the experiment ${name}`);
  }
  const maxSeconds = name === 'slow-readers' ? MAX_SLOW_READER_SECONDS : MAX_SECONDS;
  const seconds = integerOption('--seconds', values.seconds, 5, maxSeconds);
  return {
    experiment: EXPERIMENTS[name](seconds),
    rerunCommand: seconds === undefined ? name : `${name} --seconds ${seconds}`,
  };
}

function chooseRedis(value: string | undefined, { redisModes }: Experiment, name: string | undefined): RedisMode {
  const allowed = redisModes ?? ['single'];
  const mode = allowed.find((known) => known === (value ?? 'single'));
  if (mode) return mode;
  throw new ConfigError(`--redis is "${value}"; allowed${name ? ` with ${name}` : ''}: ${allowed.join(', ')}`);
}

function kindsOf(value: string | undefined): FaultKind[] | undefined {
  return value?.split(',').map((name) => {
    const known = Object.keys(FAULT_KINDS).find((kind) => kind === name);
    if (!known) throw new ConfigError(`--kinds names "${name}"; allowed: ${KIND_NAMES}`);
    return known as FaultKind;
  });
}

const isExperimentName = (name: string): name is ExperimentName => EXPERIMENT_NAMES.some((known) => known === name);
