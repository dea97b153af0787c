import { ConfigError } from './config.ts';
import { withDeadline } from './deadline.ts';
import type { Logger } from './logger.ts';

/** A process that has not stopped this long after SIGTERM exits anyway. */
export const STOP_DEADLINE_MS = 8_000;

/** The exit code of a process that cannot start with its settings. A restart would fail as well. */
export const CONFIG_ERROR_EXIT_CODE = 78;

export interface RunningService {
  /** Stops accepting work, finishes the work in progress, then closes every connection and port. */
  stop(): Promise<void>;
}

/**
 * Runs a service as a process. It reports the start to a supervising parent over IPC, and stops the service once: on
 * SIGTERM, on SIGINT or when the parent exits. The process exits within `STOP_DEADLINE_MS`.
 *
 * A wrong setting fails the start with one line on standard error. An uncaught exception is logged and ends the process,
 * because its state is unknown; the supervisor starts a new one.
 */
export async function runProcess(
  start: () => Promise<RunningService & { logger: Logger; announce: Record<string, unknown> }>,
): Promise<void> {
  let service: Awaited<ReturnType<typeof start>>;
  try {
    service = await start();
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(CONFIG_ERROR_EXIT_CODE);
    }
    process.stderr.write(`start failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
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
  if (process.send) process.on('disconnect', () => stop('the parent process exited'));
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ err: error, origin }, 'uncaught exception');
    process.exit(1);
  });
  logger.info(service.announce, 'started');
  process.send?.({ type: 'started', ...service.announce });
}
