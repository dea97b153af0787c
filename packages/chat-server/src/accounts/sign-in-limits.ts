import { ChatError } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import type { ClientLimits } from '../limits/client-limits.ts';

/** An address from which a name has signed up or logged in is known for this time. */
const KNOWN_ADDRESS_SECONDS = 30 * 24 * 3_600;

const knownKey = (here: string) => `parley:limits:known-address:${here}`;

type Limits = Pick<ClientLimits, 'logIns' | 'failedLogIns' | 'failedLogInsOfName'>;

/**
 * Limits log-ins. An attempt counts as failed until it succeeds, so parallel attempts cannot exceed a limit.
 *
 * Wrong passwords count for a name at one address, so they do not lock the owner of the name out elsewhere. Many addresses together
 * can reach the limit of the name. Then only addresses from which the name has signed up or logged in before may try.
 */
export class SignInLimits {
  readonly #limits: Limits;
  readonly #redis: RedisConnection;

  constructor(limits: Limits, redis: RedisConnection) {
    this.#limits = limits;
    this.#redis = redis;
  }

  /** Runs a log-in unless a limit is reached. @throws ChatError `RATE_LIMITED` */
  async limit<T>(username: string, address: string, logIn: () => Promise<T>): Promise<T> {
    const { logIns, failedLogIns, failedLogInsOfName } = this.#limits;
    const name = normalized(username);
    const here = placeOf(username, address);
    await logIns.count(address);
    await failedLogIns.count(here);
    let isNameCounted = false;
    let isWrong = false;
    try {
      isNameCounted = await this.#countName(name, here);
      const result = await logIn();
      await this.learn(username, address);
      return result;
    } catch (error) {
      isWrong = error instanceof ChatError && error.code === 'UNAUTHENTICATED';
      throw error;
    } finally {
      if (!isWrong) {
        await failedLogIns.takeBack(here);
        if (isNameCounted) await failedLogInsOfName.takeBack(name);
      }
    }
  }

  /** @returns whether the attempt was counted. It is not if the limit was reached and the address is known */
  async #countName(name: string, here: string): Promise<boolean> {
    try {
      await this.#limits.failedLogInsOfName.count(name);
      return true;
    } catch (refusal) {
      if (await this.#redis.exists(knownKey(here)).catch(() => 0)) return false;
      throw refusal;
    }
  }

  /** The owner of the name has signed up or logged in from the address. */
  async learn(username: string, address: string): Promise<void> {
    if (!this.#limits.failedLogInsOfName.isOn) return;
    const key = knownKey(placeOf(username, address));
    // Without it, the owner may be locked out later. That is no reason to refuse this log-in.
    await this.#redis.set(key, 1, 'EX', KNOWN_ADDRESS_SECONDS).catch(() => undefined);
  }
}

const normalized = (username: string) => username.normalize('NFKC').toLowerCase();

const placeOf = (username: string, address: string) => `${normalized(username)} ${address}`;
