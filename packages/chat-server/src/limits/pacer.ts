import { FairLimiter, type FairLimiterOptions } from '@parley/service-kit';
import type { HostCpuUsage } from '../host-cpu-usage.ts';

const MAX_CALLERS = 50_000;

/** Between two turns. */
const MIN_GAP_MS = 1;
const MAX_GAP_MS = 20;
const GAP_FACTORS = { busy: 2, calm: 0.97 };

/** Node rounds a shorter one up. */
const MIN_TIMER_MS = 1;

/** A timer that fires so late, or so much used CPU time of the host, is the sign of a busy machine. */
const LATE_MS = 2;
const BUSY_CPU = 0.8;
/** Up to this use of its CPU time, the host has room for a burst, and all gaps are short. */
const IDLE_CPU = 0.4;

/** Clients give up after 20 to 30 s. */
const MAX_WAIT_MS = 20_000;
const MAX_WAITING = 16_384;
const MAX_WAITING_PER_CALLER = 8_192;
const RETRY_MS = 2_000;

export interface PacerOptions extends Pick<FairLimiterOptions, 'onRefused'> {
  /** The cost that a caller may have at once, and then per second, without waiting. */
  readonly free: { readonly atOnce: number; readonly perSecond: number };
  /** Beyond the free cost, a caller waits only while its cost is more than this multiple of the average of the others. */
  readonly timesOthers: number;
  /** A caller that did not ask for anything in this time does not count as another one. */
  readonly activeMs: number;
  readonly hostCpu: Pick<HostCpuUsage, 'current'>;
  /** Called for each request that has to wait for its turn. */
  readonly onDelayed: () => void;
}

interface Usage {
  /** The cost of the recent requests. It decays exponentially, so that a caller at the free rate has the cost that is free at once. */
  cost: number;
  updatedAt: number;
}

/**
 * Spreads the requests of busy callers (users, addresses) over time while others are active, so that a caller that sends as much as it
 * can does not use all CPU time. It delays, and refuses only what waits for too long.
 *
 * A caller within its free cost never waits. Beyond it, the callers get one turn after the other. The gap between two turns adapts to
 * the load, as in TCP: it doubles while the machine is busy, and shrinks slowly while it is not. On a machine with much to spare, a script
 * that creates fifty conversations hardly waits.
 */
export class Pacer {
  readonly #limiter: FairLimiter;
  readonly #options: PacerOptions;
  readonly #decayMs: number;
  /** By caller, the most recent last. */
  readonly #usages = new Map<string, Usage>();
  /** The cost of all callers. All costs decay alike, so their sum decays as they do. */
  #total: Usage = { cost: 0, updatedAt: 0 };
  #gapMs = MAX_GAP_MS;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#decayMs = (1_000 * options.free.atOnce) / options.free.perSecond;
    this.#limiter = new FairLimiter({
      limit: 1,
      limitPerKey: 1,
      maxWaiting: MAX_WAITING,
      maxWaitingPerKey: MAX_WAITING_PER_CALLER,
      maxWaitMs: MAX_WAIT_MS,
      retryAfterMs: RETRY_MS,
      onRefused: options.onRefused,
    });
  }

  /**
   * Resolves when it is the request's turn. The requests of a caller keep their order.
   *
   * @param options.cost the work of the request, in multiples of a simple one
   * @param options.isGone whether the client gave up; its turn then takes no time
   * @returns undefined if the request need not wait
   * @throws LimitExceeded
   */
  turn(caller: string, { cost = 1, isGone = never } = {}): Promise<void> | undefined {
    if (!this.#limiter.isWaiting(caller) && this.#isFree(caller)) {
      this.#add(caller, cost);
      return undefined;
    }
    this.#options.onDelayed();
    return new Promise((resolve, reject) => {
      const turn = async () => {
        resolve();
        if (isGone()) return;
        const isFree = this.#isFree(caller);
        this.#add(caller, cost);
        if (!isFree) await this.#pause(cost);
      };
      this.#limiter.run(caller, turn).catch(reject);
    });
  }

  #isFree(caller: string): boolean {
    const now = performance.now();
    this.#forgetInactive(now);
    const usage = this.#usages.get(caller);
    if (!usage) return true;
    const { free, timesOthers } = this.#options;
    const cost = this.#decayed(usage, now);
    const others = this.#usages.size - 1;
    if (cost < free.atOnce || others === 0) return true;
    return cost <= (timesOthers * (this.#decayed(this.#total, now) - cost)) / others;
  }

  #add(caller: string, cost: number): void {
    const now = performance.now();
    const usage = this.#usages.get(caller);
    this.#usages.delete(caller);
    this.#usages.set(caller, { cost: cost + (usage ? this.#decayed(usage, now) : 0), updatedAt: now });
    this.#total = { cost: cost + this.#decayed(this.#total, now), updatedAt: now };
  }

  #forgetInactive(now: number): void {
    for (const [caller, usage] of this.#usages) {
      if (now - usage.updatedAt < this.#options.activeMs && this.#usages.size <= MAX_CALLERS) break;
      this.#usages.delete(caller);
      this.#total.cost -= this.#decayed(usage, this.#total.updatedAt);
    }
  }

  #decayed({ cost, updatedAt }: Usage, now: number): number {
    return cost * Math.exp((updatedAt - now) / this.#decayMs);
  }

  async #pause(cost: number): Promise<void> {
    const { hostCpu } = this.#options;
    const pauseMs = Math.max(MIN_TIMER_MS, cost * (hostCpu.current < IDLE_CPU ? MIN_GAP_MS : this.#gapMs));
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    const isBusy = performance.now() - startedAt - pauseMs > LATE_MS || hostCpu.current > BUSY_CPU;
    const gapMs = this.#gapMs * (isBusy ? GAP_FACTORS.busy : GAP_FACTORS.calm);
    this.#gapMs = Math.min(MAX_GAP_MS, Math.max(MIN_GAP_MS, gapMs));
  }
}

const never = () => false;
