import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisConnection } from './redis-connection.ts';

/** A Lua script with its content hash for a name, so that mixed releases never share one. */
export interface RedisScript {
  readonly commandName: string;
  readonly lua: string;
  readonly numberOfKeys: number;
}

/**
 * Loads the script that lies beside a module: `loadScript(new URL('./acquire.lua', import.meta.url), 3)`. One that takes keys in
 * several numbers is loaded for each.
 */
export function loadScript(url: URL, numberOfKeys: number): RedisScript {
  const lua = readFileSync(url, 'utf8');
  const hash = createHash('sha256').update(lua).digest('hex').slice(0, 20);
  return { commandName: `script_${hash}_${numberOfKeys}`, lua, numberOfKeys };
}

type ScriptArgument = string | number;
type ScriptCommand = (...args: ScriptArgument[]) => Promise<unknown>;

/**
 * Runs a script: EVAL once for each connection, EVALSHA from then on. Only the typed wrapper beside a script calls this; it alone knows
 * the order of keys and arguments and the shape of the reply.
 */
export function runScript(
  redis: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  const { commandName, lua, numberOfKeys } = script;
  if (keys.length !== numberOfKeys) throw new Error(`the script takes ${numberOfKeys} keys`);
  const commands = redis as unknown as Record<string, ScriptCommand>;
  if (!commands[commandName]) redis.defineCommand(commandName, { lua, numberOfKeys });
  return (commands[commandName] as ScriptCommand)(...keys, ...args);
}
