import { ConfigError } from './config.ts';
import { withDeadline } from './deadline.ts';
import type { Logger } from './logger.ts';

/** The longest that a process takes to stop after SIGTERM before it leaves anyway. */
export const STOP_DEADLINE_MS = 8_000;

export interface RunningService {
  /** Stops taking work, finishes what it has, closes what it opened. */
  stop(): Promise<void>;
}

/**
 * Runs a service as a process: starts it, tells a supervising parent over IPC, stops it once on SIGTERM, SIGINT or when the
 * parent is gone, and leaves within `STOP_DEADLINE_MS`. A wrong setting ends the start with one line. A fault that nothing
 * caught ends the process with a log line, so that its supervisor starts a clean one.
 */
export async function runProcess(
  start: () => Promise<RunningService & { logger: Logger; announce: Record<string, unknown> }>,
): Promise<void> {
  let service: Awaited<ReturnType<typeof start>>;
  try {
    service = await start();
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else
      process.stderr.write(
        `start failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
    process.exit(1);
  }
  const { logger } = service;
  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'stopping');
    withDeadline(service.stop(), STOP_DEADLINE_MS, 'stopping').then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.send) process.on('disconnect', () => stop('the parent process is gone'));
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ err: error, origin }, 'uncaught fault');
    process.exit(1);
  });
  logger.info(service.announce, 'started');
  process.send?.({ type: 'started', ...service.announce });
}
