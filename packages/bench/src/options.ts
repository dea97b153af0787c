import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';

export const BENCHES = ['fanout', 'latency', 'users', 'storm', 'history', 'nodes', 'fairness'] as const;
export type BenchName = (typeof BENCHES)[number];

const MAX_PAIRS = 100;
const MAX_CLIENTS = 15_000;
const DEFAULT_MESSAGES = 10_000_000;

export const USAGE = `usage: npm run bench -- NAME [options]

Measures Parley, with all features and through nginx, against a plain Socket.IO chat with the Redis adapter behind the same
nginx.conf. The two are measured alternately (A B, B A, A B) on fresh processes. Compare ratios only; absolute times depend on the
machine.

  fanout    highest delivery rate at p99 ≤ 100 ms, and CPU per delivery at 4,000 messages/s to 50 clients
  latency   time from send to delivery, 100 clients, 100 messages/s
  users     10,000 clients in channels of 50: failures, losses, memory per connection
  storm     10,000 connections cut at once: time until all clients have caught up, longest block of a server's event loop
  history   append rate and page reads with millions of stored messages, compared with an almost empty store (Parley only)
  nodes     CPU per delivery with 2 and 8 chat servers (Parley only)
  fairness  20 clients without and with one that sends as fast as it can: time to the ack, refusals; Jain's index of five such
            clients (Parley only)

Options:
  --pairs N      number of measured pairs, 1 to ${MAX_PAIRS} (default: 3)
  --clients N    number of clients, 2 to ${MAX_CLIENTS} (default: the benchmark's own number)
  --messages N   history: number of stored messages (default: ${DEFAULT_MESSAGES})
  --quick        few clients, short, one pair: shows only that the benchmark works
  --json FILE    write [{name, unit, ratio, spread, ours, plain, goal}]
  --help         print this text

nginx needs two open files per client; the repository's nginx.conf allows 20,000 per worker.

Ctrl-C stops the benchmark and all processes that it started.
Exit code: 0 = measured, 2 = failed, 130 = stopped.`;

export interface BenchOptions {
  readonly bench: BenchName;
  readonly pairs: number;
  readonly clients: number | undefined;
  readonly messages: number;
  readonly isQuick: boolean;
  readonly jsonFile: string | undefined;
}

const OPTIONS = {
  pairs: { type: 'string' },
  clients: { type: 'string' },
  messages: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line.
 *
 * @returns undefined for `--help`
 * @throws ConfigError naming the option, the value and the allowed values
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return undefined;
  const [name, ...others] = positionals;
  const bench = BENCHES.find((known) => known === name);
  if (!bench || others.length > 0)
    throw new ConfigError(`the benchmark is "${positionals.join(' ')}"; allowed: one of ${BENCHES.join(', ')}`);
  const isQuick = values.quick ?? false;
  return {
    bench,
    isQuick,
    pairs: integerOption('--pairs', values.pairs, 1, MAX_PAIRS) ?? (isQuick ? 1 : 3),
    clients: integerOption('--clients', values.clients, 2, MAX_CLIENTS),
    messages:
      integerOption('--messages', values.messages, 1_000, 1_000_000_000) ?? (isQuick ? 20_000 : DEFAULT_MESSAGES),
    jsonFile: values.json,
  };
}
