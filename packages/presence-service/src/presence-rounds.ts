import type { SessionLeases } from '@parley/leases';
import type { PresenceReport, PresenceStore, UserPresence } from '@parley/presence';
import { LOBBY_ID, type UserId } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import { ChannelCounts } from './channel-counts.ts';
import type { LastSeenSaver } from './last-seen-saver.ts';
import type { MembershipCache } from './membership-cache.ts';
import type { PresenceServiceMetrics } from './metrics.ts';
import type { PresencePublisher } from './presence-publisher.ts';
import { PresenceTracker } from './presence-tracker.ts';
import { RoundSchedule } from './round-schedule.ts';

/** Lifetime of the leadership without renewal. */
const LEADER_TTL_MS = 5_000;

/**
 * Pause after Redis is available again. The chat servers reconnect within this time; a packet published earlier would
 * not reach their clients.
 */
const RECONNECT_PAUSE_MS = 2_000;

/** Users whose channels are looked up in one round. */
const MAX_CHANNEL_LOOKUPS = 1_000;

export interface PresenceRoundsParts {
  /** The service's name. */
  name: string;
  graceMs: number;
  store: PresenceStore;
  leases: Pick<SessionLeases, 'liveUsers'>;
  memberships: MembershipCache;
  lastSeen: LastSeenSaver;
  publisher: PresencePublisher;
  metrics: PresenceServiceMetrics;
  logger: Logger;
}

/**
 * The work of a presence service, in rounds.
 *
 * **Follower.** Another service leads. Each round only tries to acquire the leadership; reports are ignored.
 *
 * **Becoming the leader.** The service acquired the leadership, or must read the state again because Redis was unavailable. It
 * loads the shown users, and continues with the last changes of its predecessor, which may not have been published.
 *
 * **Leader.** Each round renews the leadership, compares the session leases with the shown presence, writes the changes
 * to the presence store, notifies the contacts of the changed users, publishes channel counts, and saves last-seen times. When another service leads, this
 * one becomes a follower and drops its state.
 *
 * A round writes the changes first, then reads the leases again, and then publishes. Therefore a new client misses no change: if
 * its snapshot was read before the write, it had a lease by then and is notified; otherwise the snapshot has the change.
 */
export class PresenceRounds {
  readonly #parts: PresenceRoundsParts;
  readonly #schedule = new RoundSchedule();
  readonly #counts = new ChannelCounts();
  #tracker: PresenceTracker;
  /** Whether this service leads and has loaded the shown users. */
  #isLeader = false;
  /** Changes that are in the presence store and not published yet. */
  readonly #pendingChanges = new Map<UserId, UserPresence>();
  /** Users whose channels must be looked up, and whether their session is new. */
  readonly #pendingLookups = new Map<UserId, { isNew: boolean }>();

  constructor(parts: PresenceRoundsParts) {
    this.#parts = parts;
    this.#tracker = new PresenceTracker(parts.graceMs);
  }

  /** Handles reports of the chat servers. */
  receive(reports: readonly PresenceReport[]): void {
    if (!this.#isLeader) return;
    const { memberships } = this.#parts;
    for (const report of reports) {
      if (report.kind === 'ended') {
        this.#tracker.startGrace(report.userId);
        continue;
      }
      if (report.kind === 'members') {
        memberships.invalidate(report.conversationId, report.userIds);
        for (const userId of report.userIds) this.#requestLookup(userId, false);
        continue;
      }
      if (report.kind === 'opened') {
        memberships.setConversations(report.userId, report.conversationIds);
        this.#requestLookup(report.userId, true);
      }
      this.#schedule.requestRound();
    }
  }

  /** Loads the state again in the next round, because Redis may have lost the last writes. */
  reconnected(): void {
    this.#isLeader = false;
    this.#schedule.postpone(RECONNECT_PAUSE_MS);
  }

  /** Waits until a round is due and runs it. */
  async next(signal: AbortSignal): Promise<void> {
    await this.#schedule.nextDue(signal);
    if (signal.aborted) return;
    this.#schedule.roundStarted();
    const startedAt = performance.now();
    if (!(await this.#acquireLeadership()) || !(await this.#writeChanges())) return this.#becomeFollower();
    await this.#notifyContacts();
    await this.#publishCounts();
    await this.#parts.lastSeen.save();
    this.#parts.metrics.chat_presence_round_seconds.observe((performance.now() - startedAt) / 1_000);
  }

  /** Releases the leadership, so another service can acquire it at once. */
  async stop(): Promise<void> {
    if (!this.#isLeader) return;
    this.#isLeader = false;
    // A failure loses nothing: the next leader saves what the presence store still has.
    await this.#parts.lastSeen.save().catch(() => undefined);
    await this.#parts.store.releaseLeadership(this.#parts.name);
  }

  /** @returns false when another service leads */
  async #acquireLeadership(): Promise<boolean> {
    const { store, name, lastSeen, metrics, logger } = this.#parts;
    const leadership = await store.acquireLeadership(name, LEADER_TTL_MS);
    if (leadership === 'follower') return false;
    if (leadership === 'renewed' && this.#isLeader) return true;
    const { users, lastChanged } = await store.shown();
    this.#tracker.restore(users);
    lastSeen.add(await store.recentlySeen()); // the earlier leader may have died before it saved them
    for (const presence of await store.read(lastChanged)) this.#pendingChanges.set(presence.userId, presence);
    this.#counts.clear();
    for (const userId of users.keys()) this.#requestLookup(userId, false);
    this.#isLeader = true;
    metrics.chat_presence_leads.set(1);
    logger.info({ shown: users.size }, 'became the leader');
    return true;
  }

  #becomeFollower(): void {
    const { graceMs, memberships, lastSeen, metrics, logger } = this.#parts;
    metrics.chat_presence_leads.set(0);
    metrics.chat_presence_shown.set(0);
    if (this.#isLeader) logger.warn('lost the leadership to another presence service');
    this.#isLeader = false;
    this.#tracker = new PresenceTracker(graceMs);
    memberships.clear();
    this.#counts.clear();
    this.#pendingChanges.clear();
    this.#pendingLookups.clear();
    lastSeen.clear();
  }

  /** @returns false when another service leads */
  async #writeChanges(): Promise<boolean> {
    const { store, leases, lastSeen, metrics, name } = this.#parts;
    const [live, away] = await Promise.all([leases.liveUsers(), store.awayUsers()]);
    const changes = this.#tracker.changes(live, away);
    if (changes.length > 0) {
      if (!(await store.applyChanges(name, changes, [...this.#pendingChanges.keys()]))) return false;
      this.#tracker.commit(changes);
      this.#schedule.changesFound();
      for (const presence of changes) {
        const { userId, state } = presence;
        this.#pendingChanges.set(userId, presence);
        if (state !== 'offline') this.#requestLookup(userId, false);
        else {
          this.#counts.remove(userId);
          if (presence.lastSeenAtMs !== undefined) lastSeen.add([{ userId, lastSeenAtMs: presence.lastSeenAtMs }]);
        }
        metrics.chat_presence_differences_total.inc({ state });
      }
    }
    metrics.chat_presence_shown.set(this.#tracker.shown.size);
    return true;
  }

  async #notifyContacts(): Promise<void> {
    const { memberships, leases, publisher } = this.#parts;
    const changes = [...this.#pendingChanges.values()];
    const contacts = await memberships.contactsOf(changes.map(({ userId }) => userId));
    if (contacts.some(({ size }) => size > 0)) {
      const live = new Set(await leases.liveUsers());
      publisher.publishChanges(
        changes,
        contacts.map((some) => [...some].filter((userId) => live.has(userId))),
      );
    }
    this.#pendingChanges.clear();
  }

  /** Publishes counts only when no lookup is pending: a new leader's first counts would be too low. */
  async #publishCounts(): Promise<void> {
    const { memberships, publisher } = this.#parts;
    const userIds = [...this.#pendingLookups.keys()].slice(0, MAX_CHANNEL_LOOKUPS);
    const channels = await memberships.channelsOf(userIds);
    for (const [index, userId] of userIds.entries()) {
      const own = channels[index] ?? [];
      if (this.#pendingLookups.get(userId)?.isNew) this.#counts.request([LOBBY_ID, ...own]);
      if (this.#tracker.shown.has(userId)) this.#counts.set(userId, own);
      this.#pendingLookups.delete(userId);
    }
    if (this.#pendingLookups.size === 0) publisher.publishCounts(this.#counts.takeDue());
  }

  #requestLookup(userId: UserId, isNew: boolean): void {
    this.#pendingLookups.set(userId, { isNew: isNew || this.#pendingLookups.get(userId)?.isNew === true });
  }
}
