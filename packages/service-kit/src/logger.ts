import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Returns a logger that writes JSON lines to standard output. Fields with the name of a secret are redacted. */
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

/** Returns a logger that writes nothing, for tests. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
