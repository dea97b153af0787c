import { parseArgs } from 'node:util';
import { ConfigError } from '@parley/service-kit';

export const USAGE = `usage: npm run chaos -- [options]
Runs a cluster of its own under load, lets its parts fail at random, and judges what the clients and the store show.

  --faults N     how many faults (20)
  --seconds S    how long they take together, at most 720 (3 for each fault)
  --seed X       a whole number; the same one makes the same faults (random, printed)
  --json FILE    writes the verdict as JSON
  --keep         keeps the recorded history and the logs also where no promise was broken
  --mongodb-command COMMAND
                 starts, in the foreground, the server that MONGODB_URL names; it is killed and frozen as well
  --help

With MONGODB_URL the history is in a database of its own on that server. MONGODB_PID names a running server that may be frozen.
toxiproxy-server, where it is on PATH or in .cache/, adds slow, silent and cut links to Redis.
Exit code: 0 when every promise was kept, 1 when one was broken, 2 when the run could not be made.`;

export interface ChaosOptions {
  readonly faults: number;
  readonly seconds: number;
  readonly seed: number;
  readonly jsonFile: string | undefined;
  readonly keep: boolean;
  readonly mongodbCommand: string | undefined;
}

const SECONDS_PER_FAULT = 3;
/** Access tokens last 15 minutes, and plain clients do not renew them. */
const MOST_SECONDS = 720;
const MOST_FAULTS = 1_000;

/**
 * @returns undefined when only the usage is wanted
 * @throws ConfigError naming the option, the value and what is allowed
 */
export function readOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const faults = integer('--faults', values.faults, 1, MOST_FAULTS) ?? 20;
  return {
    faults,
    seconds:
      integer('--seconds', values.seconds, 5, MOST_SECONDS) ??
      Math.min(MOST_SECONDS, Math.max(10, faults * SECONDS_PER_FAULT)),
    seed: integer('--seed', values.seed, 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 1_000_000),
    jsonFile: values.json,
    keep: values.keep ?? false,
    mongodbCommand: values['mongodb-command'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        faults: { type: 'string' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'string' },
        keep: { type: 'boolean' },
        'mongodb-command': { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
}

function integer(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d{1,10}$/.test(value) && number >= min && number <= max) return number;
  throw new ConfigError(`${name} is "${value}"; allowed: a whole number from ${min} to ${max}`);
}
