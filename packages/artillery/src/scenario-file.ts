import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NetworkShape } from '@parley/load-kit/faults';
import { ConfigError } from '@parley/service-kit';
import { parse } from 'yaml';

const DIRECTORY = fileURLToPath(new URL('../scenarios', import.meta.url));

/** Virtual users with the same scenario. They run in one or more Artillery processes. */
export interface UserPool {
  /** Name of the scenario in the file. */
  readonly scenario: string;
  readonly users: number;
  readonly arriveWithinSeconds: number;
  /** `direct`: every two users share a direct conversation. */
  readonly conversation: 'lobby' | 'direct';
  /** Number of Artillery processes. One holds about 4,000 users. */
  readonly processes: number;
  /** Whether Artillery connects the users before their first step. Their first step is then `startSession`. */
  readonly connectsFirst: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly file: string;
  /** The file's first comment. */
  readonly question: string;
  readonly pools: readonly UserPool[];
  /** Settings of the cluster for this scenario. */
  readonly cluster: Readonly<Record<string, string>>;
  readonly network: NetworkShape | undefined;
  /** Number of messages in the lobby before the users connect. */
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
 * Reads the runner's part of a scenario file, `config.parley`.
 *
 * @param users replaces the number of users in the first pool
 * @throws ConfigError naming the file and the error
 */
export function readScenario(name: string, users: number | undefined): Scenario {
  const file = join(DIRECTORY, `${name}.yml`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    const names = listScenarios().map((scenario) => scenario.name);
    throw new ConfigError(`there is no scenario ${name}; allowed: ${names.join(', ')}`);
  }
  const { config, scenarios } = parse(text) as {
    config?: {
      parley?: {
        pools?: Partial<UserPool>[];
        cluster?: Record<string, unknown>;
        network?: Partial<NetworkShape>;
        history?: number;
      };
    };
    scenarios?: { name?: string; engine?: string }[];
  };
  const { pools = [], cluster = {}, network, history = 0 } = config?.parley ?? {};
  if (pools.length === 0) throw new ConfigError(`${file}: config.parley.pools is missing`);
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
    throw new ConfigError(`${file}: the scenario of a pool is ${scenario}; allowed: ${[...known.keys()].join(', ')}`);
  }
  const size = users ?? pool.users;
  if (!Number.isInteger(size) || size === undefined || size < 1) {
    throw new ConfigError(`${file}: the pool ${scenario} has ${size} users; allowed: a whole number from 1`);
  }
  if (conversation !== 'lobby' && conversation !== 'direct') {
    throw new ConfigError(`${file}: conversation of the pool ${scenario} is ${conversation}; allowed: lobby, direct`);
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
