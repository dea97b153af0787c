import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** JSON lines on standard output. Secrets are cut out by name wherever they appear. */
export function createLogger(options: { name: string; level: string }): Logger {
  return pino({
    level: options.level,
    base: { node: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ['password', 'token', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'secret'].flatMap(
        (name) => [name, `*.${name}`, `*.*.${name}`],
      ),
      censor: '(secret)',
    },
  });
}

/** A logger that writes nothing, for tests of parts that want one. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
