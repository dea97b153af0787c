import type { z } from 'zod';

/** A missing or invalid setting. The message is the one line that the operator sees. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const SECRET_NAME = /SECRET|PASSWORD|ACCESS_KEY|API_KEY|TOKEN(?!_TTL)/;

/**
 * Replaces the user and password of a URL with "…": everything between the scheme and the last "@". A value without a scheme is
 * masked from its start, because a mistyped URL may also contain a password.
 */
export const maskCredentials = (url: string): string => url.replace(/^([a-z][a-z\d+.-]*:\/\/|\/\/)?.*@/is, '$1…@');

/**
 * Reads a process's settings from the environment. Each key of the schema is the name of a variable; an empty variable
 * counts as unset. `main.ts` calls this once and passes the frozen result on.
 *
 * @throws ConfigError that names the variable, its value (never a secret or the credentials of a URL) and the allowed values.
 */
export function readConfig<T extends z.ZodObject>(schema: T, env: NodeJS.ProcessEnv): Readonly<z.output<T>> {
  const input: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value !== '') input[name] = value;
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return Object.freeze(parsed.data);
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? 'configuration');
  const value = input[name];
  const shown =
    value === undefined
      ? 'is not set'
      : `is ${SECRET_NAME.test(name) ? '(hidden)' : JSON.stringify(maskCredentials(value))}`;
  throw new ConfigError(`${name} ${shown}; allowed: ${issue?.message ?? 'another value'}`);
}
