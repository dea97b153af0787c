import type { SessionLeases } from '@parley/leases';
import type { PresenceBoard, PresenceDifference, PresenceReport } from '@parley/presence';
import { LOBBY_ID, type UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import { ChannelCounts } from './channel-counts.ts';
import type { PresenceServiceMetrics } from './metrics.ts';
import type { PresencePackets } from './packets.ts';
import { PresenceTracker } from './presence-tracker.ts';
import { RoundClock } from './round-clock.ts';
import type { SharedConversations } from './shared-conversations.ts';

/** A service that is not heard of for this long leads no more. */
const LEADER_TTL_MS = 5_000;

/** Servers whose connection broke with ours are back by then: what is told before would not reach their clients. */
const RECONNECTED_REST_MS = 2_000;

/** People whose channels are counted in one round. */
const MAX_COUNTED = 1_000;

export interface PresenceRoundsParts {
  /** The service's name. */
  name: string;
  graceMs: number;
  board: PresenceBoard;
  leases: Pick<SessionLeases, 'liveUsers'>;
  shared: SharedConversations;
  packets: PresencePackets;
  metrics: PresenceServiceMetrics;
  logger: Logger;
}

/**
 * What a presence service does, round by round: see who holds a place, show what differs on the board, tell those whom it
 * concerns, count the channels. Only the one that leads does it; the others look whether it still does.
 *
 * The board changes first, then the leases are read once more, then the clients are told. So nobody misses a difference:
 * whose snapshot was read before the change held a place by then, and is told; whose was read later has it in the snapshot.
 * What was shown but perhaps not told when a service died is on the board, and is told again.
 */
export class PresenceRounds {
  readonly #parts: PresenceRoundsParts;
  readonly #clock = new RoundClock();
  readonly #counts = new ChannelCounts();
  #tracker: PresenceTracker;
  /** Whether this service leads, and has read what the board shows. */
  #leads = false;
  readonly #untold = new Map<UserId, PresenceDifference>();
  /** Whose channels are not counted yet, or have changed; and whether they have just come. */
  readonly #uncounted = new Map<UserId, { isNew: boolean }>();

  constructor(parts: PresenceRoundsParts) {
    this.#parts = parts;
    this.#tracker = new PresenceTracker(parts.graceMs);
  }

  /** Servers report what they have just seen. */
  receive(reports: readonly PresenceReport[]): void {
    if (!this.#leads) return;
    const { shared } = this.#parts;
    for (const report of reports) {
      if (report.kind === 'ended') {
        this.#tracker.noteGone(report.userId);
        continue;
      }
      if (report.kind === 'members') {
        shared.membersChanged(report.conversationId, report.userIds);
        for (const userId of report.userIds) this.#uncount(userId, false);
        continue;
      }
      if (report.kind === 'opened') {
        shared.note(report.userId, report.conversationIds);
        this.#uncount(report.userId, true);
      }
      this.#clock.wake();
    }
  }

  /** Redis is back after it was away: it may have lost the last moments. */
  reconnected(): void {
    this.#leads = false;
    this.#clock.rest(RECONNECTED_REST_MS);
  }

  /** Waits until a round is due, and does it. */
  async next(signal: AbortSignal): Promise<void> {
    await this.#clock.due(signal);
    if (signal.aborted) return;
    this.#clock.began();
    const startedAt = performance.now();
    if (!(await this.#lead()) || !(await this.#show())) return this.#follow();
    await this.#tell();
    await this.#count();
    this.#parts.metrics.chat_presence_round_seconds.observe((performance.now() - startedAt) / 1_000);
  }

  /** Lets another service lead at once. */
  async stop(): Promise<void> {
    if (!this.#leads) return;
    this.#leads = false;
    await this.#parts.board.stepDown(this.#parts.name);
  }

  async #lead(): Promise<boolean> {
    const { board, name, metrics, logger } = this.#parts;
    const leadership = await board.lead(name, LEADER_TTL_MS);
    if (leadership === 'follows') return false;
    if (leadership === 'leads' && this.#leads) return true;
    const { people, lastTold } = await board.shown();
    this.#tracker.restore(people);
    for (const difference of await board.read(lastTold)) this.#untold.set(difference.userId, difference);
    this.#counts.clear();
    for (const userId of people.keys()) this.#uncount(userId, false);
    this.#leads = true;
    metrics.chat_presence_leads.set(1);
    logger.info({ shown: people.size }, 'leads from here on');
    return true;
  }

  /** Forgets what only holds for the one that leads, and hears the reports. */
  #follow(): void {
    const { graceMs, shared, metrics, logger } = this.#parts;
    metrics.chat_presence_leads.set(0);
    metrics.chat_presence_shown.set(0);
    if (this.#leads) logger.warn('another presence service leads');
    this.#leads = false;
    this.#tracker = new PresenceTracker(graceMs);
    shared.forget();
    this.#counts.clear();
    this.#untold.clear();
    this.#uncounted.clear();
  }

  /** @returns false when another service leads */
  async #show(): Promise<boolean> {
    const { board, leases, metrics, name } = this.#parts;
    const [live, away] = await Promise.all([leases.liveUsers(), board.awayUsers()]);
    const differences = this.#tracker.compare(live, away);
    if (differences.length > 0) {
      if (!(await board.show(name, differences, [...this.#untold.keys()]))) return false;
      this.#tracker.commit(differences);
      this.#clock.changed();
      for (const difference of differences) {
        this.#untold.set(difference.userId, difference);
        if (difference.state === 'offline') this.#counts.remove(difference.userId);
        else this.#uncount(difference.userId, false);
        metrics.chat_presence_differences_total.inc({ state: difference.state });
      }
    }
    metrics.chat_presence_shown.set(this.#tracker.shown.size);
    return true;
  }

  async #tell(): Promise<void> {
    const { shared, leases, packets } = this.#parts;
    const differences = [...this.#untold.values()];
    const contacts = await shared.contactsOf(differences.map(({ userId }) => userId));
    if (contacts.some(({ size }) => size > 0)) {
      const live = new Set(await leases.liveUsers());
      packets.tellPeople(
        differences,
        contacts.map((some) => [...some].filter((userId) => live.has(userId))),
      );
    }
    this.#untold.clear();
  }

  /** Tells counts only once everybody is counted: half a count after a restart would be wrong. */
  async #count(): Promise<void> {
    const { shared, packets } = this.#parts;
    const some = [...this.#uncounted.keys()].slice(0, MAX_COUNTED);
    const channels = await shared.channelsOf(some);
    for (const [index, userId] of some.entries()) {
      const own = channels[index] ?? [];
      if (this.#uncounted.get(userId)?.isNew) this.#counts.want([LOBBY_ID, ...own]);
      if (this.#tracker.shown.has(userId)) this.#counts.set(userId, own);
      this.#uncounted.delete(userId);
    }
    if (this.#uncounted.size === 0) packets.tellCounts(this.#counts.takeDue());
  }

  #uncount(userId: UserId, isNew: boolean): void {
    this.#uncounted.set(userId, { isNew: isNew || this.#uncounted.get(userId)?.isNew === true });
  }
}
