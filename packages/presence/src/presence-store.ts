import type { PresenceChange, UserId } from '@parley/protocol';

/** How somebody who is there is shown; people who are not shown are offline. */
export type ShownState = 'online' | 'away';

/** How a person is shown from now on. */
export type PresenceDifference =
  | { readonly userId: UserId; readonly state: ShownState }
  | {
      readonly userId: UserId;
      readonly state: 'offline' /** Unix milliseconds; undefined = never seen. */;
      readonly lastSeenAtMs: number | undefined;
    };

/** `leads`: as before. `takes-over`: from now on. `follows`: another service leads. */
export type Leadership = 'leads' | 'takes-over' | 'follows';

/**
 * What people are shown of each other, where every process can read it. One presence service at a time decides it: the one
 * that leads. Everything here outlives that service, so that the next one goes on where it ended.
 *
 * Every call is one atomic step, or rejects; all may be repeated.
 */
export interface PresenceBoard {
  /** How these people are shown, in the order asked for. */
  read(userIds: readonly UserId[]): Promise<PresenceDifference[]>;

  /** Notes what a client said of itself. It holds until the client says otherwise, a session begins, or the user is offline. */
  setAway(userId: UserId, isAway: boolean): Promise<void>;

  /** Who has said to be away. */
  awayUsers(): Promise<Set<UserId>>;

  /** Leads for another `ttlMs`, unless another service does. Services have unique names; one that was restarted goes on at once. */
  lead(service: string, ttlMs: number): Promise<Leadership>;

  /** Lets another service lead at once. */
  stepDown(service: string): Promise<void>;

  /** Everybody who is shown, and whose differences were to be told last: perhaps they were not. */
  shown(): Promise<{ people: Map<UserId, ShownState>; lastTold: UserId[] }>;

  /**
   * Shows people differently from now on.
   *
   * @param stillToTell whose earlier differences have not been told either
   * @returns false, without any effect, when another service leads
   */
  show(service: string, differences: readonly PresenceDifference[], stillToTell: readonly UserId[]): Promise<boolean>;
}

/** As clients get it. */
export const toPresenceChange = (difference: PresenceDifference): PresenceChange => {
  const { userId, state } = difference;
  if (state !== 'offline') return { userId, online: true, away: state === 'away', lastSeenAt: null };
  const { lastSeenAtMs } = difference;
  return {
    userId,
    online: false,
    lastSeenAt: lastSeenAtMs === undefined ? null : new Date(lastSeenAtMs).toISOString(),
  };
};
