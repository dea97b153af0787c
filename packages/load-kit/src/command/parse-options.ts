import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigError } from '@parley/service-kit';

/** Parses a command line. @throws ConfigError for what is not among the options */
export function parseOptions<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
}

/** A whole number, undefined where the option is not given. @throws ConfigError naming the option, the value and what is allowed */
export function integerOption(name: string, value: string | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d{1,10}$/.test(value) && number >= min && number <= max) return number;
  throw new ConfigError(`${name} is "${value}"; allowed: a whole number from ${min} to ${max}`);
}
