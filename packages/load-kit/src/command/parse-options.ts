import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigError } from '@parley/service-kit';

/** Parses a command line. @throws ConfigError for an unknown option or a missing value */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
}

/**
 * Returns an option's value as a whole number, or undefined when the option is missing.
 *
 * @throws ConfigError naming the option, its value and the allowed range
 */
export function integerOption(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d{1,10}$/.test(value) && number >= min && number <= max) return number;
  throw new ConfigError(`${name} is "${value}"; allowed: a whole number from ${min} to ${max}`);
}
