import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';
import type { KnownAttack } from './known-attack.ts';
import { KNOWN_ATTACKS } from './known-attacks.ts';
import { DEFAULTS, type Defaults } from './start-product.ts';

const DEFAULT_SECONDS = 8;
const MIN_SECONDS = 2;
const MAX_SECONDS = 60;

const names = KNOWN_ATTACKS.map(({ name }) => name).join(', ');
const width = Math.max(...KNOWN_ATTACKS.map(({ name }) => name.length));
const list = KNOWN_ATTACKS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');

export const USAGE = `usage: npm run attacks -- [options]

Runs each attack that once succeeded against a fresh cluster, and compares healthy users before and during it. The attackers come from
127.0.0.2 and up, the healthy users are registered and come from 127.0.0.1.

Bounds: p99 of each kind of request at most 3 × of before (40 ms are always allowed), no refusal of a healthy user, no process ends, each
chat server and Redis at most 200 MB larger, and at most 50 MB larger than before within 20 s after the attack.

Attacks:
${list}

Options:
  --only NAME,NAME   run these attacks only
  --defaults WHICH   ${Object.keys(DEFAULTS).join(' or ')} (default: local): the defaults of npm start, with limits by address and rate in production
  --seconds S        duration of an attack, and of the measurement before it, ${MIN_SECONDS} to ${MAX_SECONDS} (default: ${DEFAULT_SECONDS})
  --checkout DIR     attack the version in this directory, with its packages installed; nothing is judged
  --json FILE        write the measurements as JSON
  --help             print this text

Ctrl-C stops the run and the cluster.
Exit code: 0 = all bounds held or --checkout, 1 = one was violated, 2 = the run failed, 130 = stopped.`;

export interface AttackOptions {
  readonly attacks: readonly KnownAttack[];
  readonly defaults: Defaults;
  readonly seconds: number;
  readonly checkout: string | undefined;
  readonly jsonFile: string | undefined;
}

const OPTIONS = {
  only: { type: 'string' },
  defaults: { type: 'string' },
  seconds: { type: 'string' },
  checkout: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line.
 *
 * @returns undefined for `--help`
 * @throws ConfigError naming the option, the value and the allowed values
 */
export function readOptions(args: readonly string[]): AttackOptions | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return undefined;
  if (positionals.length > 0) throw new ConfigError(`unexpected "${positionals.join(' ')}"; allowed: options only`);
  const { defaults = 'local' } = values;
  if (!isDefaults(defaults)) {
    throw new ConfigError(`--defaults is "${defaults}"; allowed: ${Object.keys(DEFAULTS).join(' or ')}`);
  }
  return {
    attacks: values.only === undefined ? KNOWN_ATTACKS : values.only.split(',').map(findAttack),
    defaults,
    seconds: integerOption('--seconds', values.seconds, MIN_SECONDS, MAX_SECONDS) ?? DEFAULT_SECONDS,
    checkout: values.checkout,
    jsonFile: values.json,
  };
}

const isDefaults = (name: string): name is Defaults => Object.hasOwn(DEFAULTS, name);

function findAttack(name: string): KnownAttack {
  const found = KNOWN_ATTACKS.find((attack) => attack.name === name);
  if (!found) throw new ConfigError(`--only has "${name}"; allowed: ${names}`);
  return found;
}
