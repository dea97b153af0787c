import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisConnection } from './redis-connection.ts';

/** A Lua script with its content hash for a name, so that mixed releases never share one. */
export interface RedisScript {
  readonly commandName: string;
  readonly lua: string;
  readonly numberOfKeys: number;
}

const loaded: RedisScript[] = [];

/**
 * Loads the script that lies beside a module: `loadScript(new URL('./acquire.lua', import.meta.url), 3)`. One that takes keys in
 * several numbers is loaded for each.
 */
export function loadScript(url: URL, numberOfKeys: number): RedisScript {
  const lua = readFileSync(url, 'utf8');
  const hash = createHash('sha256').update(lua).digest('hex').slice(0, 20);
  const script = { commandName: `script_${hash}_${numberOfKeys}`, lua, numberOfKeys };
  loaded.push(script);
  return script;
}

/**
 * Makes every loaded script a command of the connection, before its first use: an auto-pipeline only has the commands
 * that were defined before it began.
 */
export function defineScripts(redis: RedisConnection): void {
  for (const { commandName, lua, numberOfKeys } of loaded) redis.defineCommand(commandName, { lua, numberOfKeys });
}

type ScriptArgument = string | number;
type ScriptCommand = (...args: ScriptArgument[]) => Promise<unknown>;

/**
 * Runs a script: EVAL once for each connection, EVALSHA from then on, in the same pipeline as the commands around it. Only the
 * typed wrapper beside a script calls this; it alone knows the order of keys and arguments and the shape of the reply.
 *
 * @param redis a connection that was opened after the script was loaded
 */
export function runScript(
  redis: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  if (keys.length !== script.numberOfKeys) throw new Error(`the script takes ${script.numberOfKeys} keys`);
  const command = (redis as unknown as Record<string, ScriptCommand | undefined>)[script.commandName];
  if (!command) throw new Error('the connection was opened before the script was loaded');
  return command.call(redis, ...keys, ...args);
}
