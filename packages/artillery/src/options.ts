import { parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';

export const USAGE = `usage: npm run artillery -- NAME [options]
Runs packages/artillery/scenarios/NAME.yml with Artillery, on a cluster of its own, and counts what really arrived.

  --target URL   another cluster, which must let guests in
  --users N      so many users in the scenario's first pool, instead of what its file says
  --chaos        kills a chat server, a worker and Redis in the middle; the checker then judges clients and store
  --list         the scenarios, each with its question
  --help

Reports are written to DATA_DIR/artillery (.data/artillery): NAME-TIME.json and .html, compared with the last run of the name.
Exit code: 0 when every check passed, 1 when one failed, 2 when the run could not be made.`;

export type ArtilleryOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'list' }
  | {
      readonly kind: 'run';
      readonly name: string;
      readonly target: string | undefined;
      readonly users: number | undefined;
      readonly chaos: boolean;
    };

const MOST_USERS = 100_000;

const OPTIONS = {
  target: { type: 'string' },
  users: { type: 'string' },
  chaos: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** @throws ConfigError naming the option, the value and what is allowed */
export function readOptions(args: readonly string[]): ArtilleryOptions {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new ConfigError(`one NAME is needed\n\n${USAGE}`);
  if (!/^[\w-]+$/.test(name)) throw new ConfigError(`${name} is no scenario's name: see --list`);
  const { target, chaos = false } = values;
  if (target !== undefined && !/^https?:\/\/[^/]+$/.test(target)) {
    throw new ConfigError(`--target is ${target}; an address such as http://localhost:8080 is needed`);
  }
  if (target !== undefined && chaos)
    throw new ConfigError('--chaos kills only what it started itself: leave --target out');
  return { kind: 'run', name, target, users: usersOf(values.users), chaos };
}

function usersOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const users = Number(value);
  if (!Number.isInteger(users) || users < 1 || users > MOST_USERS) {
    throw new ConfigError(`--users is ${value}; a whole number from 1 to ${MOST_USERS} is needed`);
  }
  return users;
}
