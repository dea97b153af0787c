import { integerOption, parseOptions } from '@parley/load-kit/command';
import { ConfigError } from '@parley/service-kit';

export const BENCHES = ['fanout', 'latency', 'users', 'storm', 'history', 'nodes'] as const;
export type BenchName = (typeof BENCHES)[number];

export const USAGE = `usage: npm run bench -- fanout|latency|users|storm|history|nodes [options]
Measures Parley, with all its features and through nginx, against a plain Socket.IO chat with the Redis adapter behind the same
nginx.conf, in turn (A B, B A, A B) on fresh processes each time. Ratios count: absolute times depend on the machine.

  fanout    the most deliveries a second at p99 ≤ 100 ms, and the CPU of each at 4,000 messages/s × 50 clients
  latency   send → seen by others, 100 clients, 100 messages/s
  users     10,000 clients in channels of 50: failures, losses, memory per connection
  storm     all of them cut at once: until everybody is back and has everything, and how long servers were blocked
  history   accepts and pages with millions of stored messages against an almost empty store (Parley alone)
  nodes     CPU per delivery with 2 and 8 chat servers (Parley alone)

  --pairs N      how often each is measured (3)
  --clients N    instead of the bench's own number
  --messages N   history: how many are stored (10000000)
  --quick        few clients, short, one pair: shows that the bench works, and nothing else
  --json FILE    writes [{name, ratio, spread, ours, plain}]
  --help

nginx may open 20,000 files by the repository's nginx.conf, which is two for each client and worker.
Exit code: 0 when it was measured, 2 when it could not be.`;

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
 * @returns undefined when only the usage is wanted
 * @throws ConfigError naming the option, the value and what is allowed
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return undefined;
  const [name, ...others] = positionals;
  const bench = BENCHES.find((known) => known === name);
  if (!bench || others.length > 0)
    throw new ConfigError(`the bench is "${positionals.join(' ')}"; allowed: one of ${BENCHES.join(', ')}`);
  const isQuick = values.quick ?? false;
  return {
    bench,
    isQuick,
    pairs: integerOption('--pairs', values.pairs, 1, 100) ?? (isQuick ? 1 : 3),
    clients: integerOption('--clients', values.clients, 2, 15_000),
    messages: integerOption('--messages', values.messages, 1_000, 1_000_000_000) ?? (isQuick ? 20_000 : 10_000_000),
    jsonFile: values.json,
  };
}
