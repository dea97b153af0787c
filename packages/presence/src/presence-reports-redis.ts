import type { RedisConnection } from '@parley/service-kit';
import { fromLines, type PresenceReport, toLine } from './presence-reports.ts';

/** Names the form of what goes through it, so that mixed releases never misread each other. */
const CHANNEL = 'parley:presence:1';

/** Reports that come within this time share one command: nobody notices it, and thousands may come at once. */
const GATHER_MS = 20;

/** Sends a server's reports to the presence services. At most once: what counts is who holds a place. */
export class PresenceReporter {
  readonly #redis: RedisConnection;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param redis a connection that fails at once while Redis is away */
  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  report(report: PresenceReport): void {
    this.#lines.push(toLine(report));
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  /** Sends what is still gathered. */
  close(): void {
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#redis.publish(CHANNEL, this.#lines.join('\n')).catch(() => undefined);
    this.#lines = [];
  }
}

/**
 * Calls `receive` with all that is reported from now on.
 *
 * @param subscriber a connection in subscriber mode
 */
export async function listenToPresenceReports(
  subscriber: RedisConnection,
  receive: (reports: readonly PresenceReport[]) => void,
): Promise<void> {
  subscriber.on('message', (channel: string, text: string) => {
    if (channel === CHANNEL) receive(fromLines(text));
  });
  await subscriber.subscribe(CHANNEL);
}
