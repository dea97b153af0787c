import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RedisConnection } from './redis.ts';

/** A Lua script. Its command name contains a hash of its content, so different releases never share a name. */
export interface RedisScript {
  readonly commandName: string;
  readonly lua: string;
  readonly numberOfKeys: number;
}

/**
 * Loads a script file that is next to a module: `loadScript(new URL('./acquire.lua', import.meta.url), 3)`. A script with a
 * variable number of keys is loaded once for each number.
 *
 * @param includes files with local functions for several scripts, inserted after the script's first line (`#!lua`)
 */
export function loadScript(url: URL, numberOfKeys: number, includes: readonly URL[] = []): RedisScript {
  const [firstLine = '', ...lines] = readFileSync(url, 'utf8').split('\n');
  const lua = [firstLine, ...includes.map((include) => readFileSync(include, 'utf8')), ...lines].join('\n');
  const hash = createHash('sha256').update(lua).digest('hex').slice(0, 20);
  return { commandName: `script_${hash}_${numberOfKeys}`, lua, numberOfKeys };
}

type ScriptArgument = string | number;
type ScriptCommand = (...args: ScriptArgument[]) => Promise<unknown>;

/**
 * Runs a script: with EVAL the first time on a connection, with EVALSHA after that. Only the typed wrapper of a script calls
 * this; no other code knows the order of keys and arguments and the shape of the reply.
 */
export function runScript(
  redis: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  const { commandName, lua, numberOfKeys } = script;
  if (keys.length !== numberOfKeys) throw new Error(`the script takes ${numberOfKeys} keys, not ${keys.length}`);
  const commands = redis as unknown as Record<string, ScriptCommand>;
  if (!commands[commandName]) redis.defineCommand(commandName, { lua, numberOfKeys });
  return (commands[commandName] as ScriptCommand)(...keys, ...args);
}
