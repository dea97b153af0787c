import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';

const MAX_USERS = 100_000;

export const USAGE = `usage: npm run artillery -- NAME [options]

Runs the scenario packages/artillery/scenarios/NAME.yml with Artillery against a cluster of its own, and checks that every message
reached every user. The first run installs Artillery (408 MB).

Options:
  --target URL   test a running cluster that allows guests (default: start a cluster and stop it after the run)
  --users N      number of users in the scenario's first pool, 1 to ${MAX_USERS} (default: the number in the scenario file)
  --chaos        kill a chat server, Redis and a message worker during the run, and check all recorded events
  --list         print all scenarios
  --help         print this text

Reports are written to DATA_DIR/artillery (.data/artillery) as NAME-TIME.json and NAME-TIME.html. They include a comparison with
the previous run of the same name.

Ctrl-C stops the run and the cluster that it started.
Exit code: 0 = all checks passed, 1 = a check failed, 2 = the run failed, 130 = stopped.`;

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

const OPTIONS = {
  target: { type: 'string' },
  users: { type: 'string' },
  chaos: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** @throws ConfigError naming the option, the value and the allowed values */
export function readOptions(args: readonly string[]): ArtilleryOptions {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return { kind: 'help' };
  if (values.list) return { kind: 'list' };
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new ConfigError(`one scenario NAME is required\n\n${USAGE}`);
  if (!/^[\w-]+$/.test(name)) throw new ConfigError(`"${name}" is not a scenario name; --list prints all names`);
  const { target, chaos = false } = values;
  if (target !== undefined && !/^https?:\/\/[^/]+$/.test(target)) {
    throw new ConfigError(`--target is "${target}"; allowed: a URL without a path, such as http://localhost:8080`);
  }
  if (target !== undefined && chaos)
    throw new ConfigError('--chaos kills processes of its own cluster only; it cannot be combined with --target');
  return { kind: 'run', name, target, users: integerOption('--users', values.users, 1, MAX_USERS), chaos };
}
