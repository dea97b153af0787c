import type { Endpoint } from '../attack/exchange.ts';

/** The surroundings of an attack: where it comes from and what it reports. */
export interface Stage {
  /** Returns the public address of the cluster, reached from an address of the attackers: 0 = 127.0.0.2, 1 = 127.0.0.3. */
  from(number: number): Endpoint;
  /** Counts something that was sent or answered, for the report. */
  count(what: string, times?: number): void;
}

/**
 * Attacks until the signal aborts. It bounds what it sends.
 *
 * @param victims user ids of the healthy users
 */
export type Attack = (victims: readonly string[], signal: AbortSignal) => Promise<void>;

/** An attack that once succeeded. */
export interface KnownAttack {
  readonly name: string;
  /** One line about what is sent. */
  readonly summary: string;
  /** Settings of the cluster that the attack needs besides the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The attack is prepared on a cluster without limits, which is then restarted: its data has grown for a long time. */
  readonly hasHistory?: true;
  /** The attackers hold all slots, so nobody else can connect at once. */
  readonly fillsSlots?: true;
  /** A registered user who comes during the attack must have a session and an acked message within this time. */
  readonly newcomerWithinMs?: number;
  /** Signs up the attackers, before the healthy users are measured. */
  prepare(stage: Stage): Promise<Attack>;
}
