import { forEachTimeSliced } from '@parley/service-kit';
import { terminate } from '../engine-io/client-connection.ts';
import type { EngineConnection } from '../engine-io/packet-flow.ts';

/** While fewer than this share of the places is free, only addresses below their own share get one. */
const RESERVED_SHARE = 0.1;

/** A connection that is not admitted yet. */
export interface PendingConnection {
  readonly connection: EngineConnection;
  readonly address: string;
  /** `performance.now()` at which the connection is terminated. */
  endsAt: number;
}

/**
 * The connections of this server that have no session: they cost memory, and nobody knows yet whose they are.
 *
 * Their number is bounded, and no address gets all places: while less than a tenth is free, an address gets one only below its share,
 * which is the limit divided by the number of such addresses and one more. A flood from one address therefore leaves room for others.
 */
export class PendingConnections {
  readonly #limit: number;
  readonly #pending = new Map<EngineConnection, PendingConnection>();
  readonly #byAddress = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#pending.size;
  }

  hasPlaceFor(address: string): boolean {
    const free = this.#limit - this.#pending.size;
    if (free > this.#limit * RESERVED_SHARE) return true;
    const own = this.#byAddress.get(address) ?? 0;
    const addresses = this.#byAddress.size + (own === 0 ? 1 : 0);
    return free > 0 && own < this.#limit / (addresses + 1);
  }

  /** Has no effect on a connection that is pending already. */
  add(pending: PendingConnection): void {
    if (this.#pending.has(pending.connection)) return;
    this.#pending.set(pending.connection, pending);
    this.#byAddress.set(pending.address, (this.#byAddress.get(pending.address) ?? 0) + 1);
  }

  /** Has no effect on a connection that is not pending. */
  remove(connection: EngineConnection): void {
    const pending = this.#pending.get(connection);
    if (!pending) return;
    this.#pending.delete(connection);
    const left = (this.#byAddress.get(pending.address) ?? 0) - 1;
    if (left > 0) this.#byAddress.set(pending.address, left);
    else this.#byAddress.delete(pending.address);
  }

  /** Terminates the connections that stayed pending for too long. @returns how many */
  async terminateOverdue(nowMs: number): Promise<number> {
    const overdue = [...this.#pending.values()].filter(({ endsAt }) => endsAt <= nowMs);
    await forEachTimeSliced(overdue, (pending) => {
      pending.endsAt = Number.POSITIVE_INFINITY;
      terminate({ conn: pending.connection });
    });
    return overdue.length;
  }
}
