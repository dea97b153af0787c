import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '@parley/service-kit';
import { parse } from 'yaml';

const DIRECTORY = fileURLToPath(new URL('../scenarios', import.meta.url));

/** Users who all do the same: one Artillery process, or more. */
export interface UserPool {
  /** The name of their scenario in the file. */
  readonly scenario: string;
  readonly users: number;
  readonly arriveWithinSeconds: number;
  /** `direct`: each two users have a conversation of their own. */
  readonly conversation: 'lobby' | 'direct';
  /** How many Artillery processes share the users: one holds about 4,000. */
  readonly processes: number;
  /** Whether Artillery connects them before their first step, so that `startSession` is that. */
  readonly connectsFirst: boolean;
}

/** What the load does to the network between the users and the cluster. */
export interface Network {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
}

export interface Scenario {
  readonly name: string;
  readonly file: string;
  /** Its first comment. */
  readonly question: string;
  readonly pools: readonly UserPool[];
  /** Settings of the cluster that is started for it. */
  readonly cluster: Readonly<Record<string, string>>;
  readonly network: Network | undefined;
  /** How many messages are in the lobby before the users come. */
  readonly history: number;
}

export function listScenarios(): { name: string; question: string }[] {
  return readdirSync(DIRECTORY)
    .filter((file) => file.endsWith('.yml'))
    .sort()
    .map((file) => ({
      name: basename(file, '.yml'),
      question: questionOf(readFileSync(join(DIRECTORY, file), 'utf8')),
    }));
}

/**
 * Reads what the runner needs from a scenario's file; the rest is Artillery's.
 *
 * @param users replaces the number of the first pool
 * @throws ConfigError naming the file and what is wrong with it
 */
export function readScenario(name: string, users: number | undefined): Scenario {
  const file = join(DIRECTORY, `${name}.yml`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    const names = listScenarios().map((scenario) => scenario.name);
    throw new ConfigError(`there is no scenario ${name}; there are ${names.join(', ')}`);
  }
  const { config, scenarios } = parse(text) as {
    config?: {
      parley?: {
        pools?: Partial<UserPool>[];
        cluster?: Record<string, unknown>;
        network?: Partial<Network>;
        history?: number;
      };
    };
    scenarios?: { name?: string; engine?: string }[];
  };
  const { pools = [], cluster = {}, network, history = 0 } = config?.parley ?? {};
  if (pools.length === 0) throw new ConfigError(`${file}: config.parley.pools says who comes; it is missing`);
  const known = new Map((scenarios ?? []).map((scenario) => [scenario.name, scenario.engine === 'socketio'] as const));
  return {
    name,
    file,
    question: questionOf(text),
    pools: pools.map((pool, index) => readPool(pool, { file, known, users: index === 0 ? users : undefined })),
    cluster: Object.fromEntries(Object.entries(cluster).map(([setting, value]) => [setting, String(value)])),
    network: network && { latencyMs: 0, jitterMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, ...network },
    history,
  };
}

function readPool(
  pool: Partial<UserPool>,
  { file, known, users }: { file: string; known: ReadonlyMap<string | undefined, boolean>; users: number | undefined },
): UserPool {
  const { scenario, arriveWithinSeconds = 1, conversation = 'lobby', processes = 1 } = pool;
  if (scenario === undefined || !known.has(scenario)) {
    throw new ConfigError(
      `${file}: a pool's scenario is ${scenario}; one of ${[...known.keys()].join(', ')} is needed`,
    );
  }
  const size = users ?? pool.users;
  if (!Number.isInteger(size) || size === undefined || size < 1) {
    throw new ConfigError(`${file}: the pool ${scenario} has ${size} users; a whole number is needed`);
  }
  if (conversation !== 'lobby' && conversation !== 'direct') {
    throw new ConfigError(`${file}: the pool ${scenario} talks in ${conversation}; lobby or direct is needed`);
  }
  const connectsFirst = known.get(scenario) === true;
  return {
    scenario,
    users: size,
    arriveWithinSeconds,
    conversation,
    processes: Math.min(processes, size),
    connectsFirst,
  };
}

const questionOf = (text: string) => /^# (.+)/.exec(text)?.[1] ?? '';
