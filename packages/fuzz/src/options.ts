import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';
import { FULL_RUN_SECONDS, MAX_P99_RATIO, MAX_RSS_GROWTH_MB } from './checks/verdict.ts';

/** The guests' tokens are valid for two hours in a run. */
const MAX_SECONDS = 3_600;
const MIN_SECONDS = 5;

export const USAGE = `usage: npm run fuzz -- [options]

Starts a cluster with users who chat, attacks it with hostile input from 127.0.0.2 and up, and checks that nothing breaks. The cases that
once failed are sent first, then one case for each published hole of Socket.IO, its parser, Engine.IO and ws, then generated input:
WebSocket and Engine.IO frames, Socket.IO packets, upgrades, polling requests, REST calls, tokens, malformed HTTP.

Bounds: no process ends, no unhandled error, no 5xx but 503 and no INTERNAL, nothing leaks to another client, no session is left behind,
p99 of the healthy users at most ${MAX_P99_RATIO} × of before, memory of all processes at most + ${MAX_RSS_GROWTH_MB} MiB.

Options:
  --seconds S    duration of the attack in seconds, ${MIN_SECONDS} to ${MAX_SECONDS} (default: ${FULL_RUN_SECONDS}); the cases are always sent
  --seed X       seed of the generated inputs, a whole number (default: random; printed, to repeat a run)
  --json FILE    write the verdict as JSON
  --keep         keep the logs after a successful run
  --help         print this text

REST is also attacked with schemathesis if packages/fuzz/install-schemathesis.sh has installed it. A run without it says so.

Ctrl-C stops the run and the cluster.
Exit code: 0 = all bounds held, 1 = one was violated, 2 = the run failed, 130 = stopped.`;

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly jsonFile: string | undefined;
  readonly keep: boolean;
}

const OPTIONS = {
  seconds: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'string' },
  keep: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line.
 *
 * @returns undefined for `--help`
 * @throws ConfigError naming the option, the value and the allowed values
 */
export function readOptions(args: readonly string[]): FuzzOptions | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return undefined;
  if (positionals.length > 0) throw new ConfigError(`unexpected "${positionals.join(' ')}"; allowed: options only`);
  return {
    seconds: integerOption('--seconds', values.seconds, MIN_SECONDS, MAX_SECONDS) ?? FULL_RUN_SECONDS,
    seed: integerOption('--seed', values.seed, 0, 2 ** 32 - 1) ?? Math.floor(Math.random() * 1_000_000),
    jsonFile: values.json,
    keep: values.keep ?? false,
  };
}
