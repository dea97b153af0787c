import { publishInOrder, type RedisConnection } from '@parley/service-kit';
import { fromLines, type PresenceReport, toLine } from './presence-reports.ts';

/** The number is the version of the format, so releases with different formats never read each other's reports. */
const CHANNEL = 'parley:presence:1';

/** Reports within this time share one Redis command, because thousands of sessions may start or end at once. */
const COLLECT_MS = 20;

/** Publishes a chat server's reports to the presence services, at most once. A lost report only delays a change. */
export class PresenceReporter {
  readonly #redis: RedisConnection;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param redis a connection with the role `command`: a report is dropped while Redis is unavailable */
  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  report(report: PresenceReport): void {
    this.#lines.push(toLine(report));
    this.#timer ??= setTimeout(() => this.#flush(), COLLECT_MS);
  }

  /** Publishes the collected reports. */
  close(): void {
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    publishInOrder(this.#redis, CHANNEL, this.#lines.join('\n')).catch(() => undefined);
    this.#lines = [];
  }
}

/**
 * Calls `receive` with all reports from now on.
 *
 * @param subscriber a connection in subscriber mode
 */
export async function subscribeToPresenceReports(
  subscriber: RedisConnection,
  receive: (reports: readonly PresenceReport[]) => void,
): Promise<void> {
  subscriber.on('message', (channel: string, text: string) => {
    if (channel === CHANNEL) receive(fromLines(text));
  });
  await subscriber.subscribe(CHANNEL);
}
