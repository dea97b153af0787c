import { Redis, type RedisOptions } from 'ioredis';
import { withDeadline } from '../deadline.ts';
import { COMMAND_TIMEOUT_MS, guardConnection } from './connection-guard.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import { formatEndpoint, isSameEndpoint, type RedisEndpoint, type RedisTarget } from './redis-url.ts';

/** A Sentinel that does not answer in this time counts as unreachable. */
const ANSWER_DEADLINE_MS = 500;

/** At most so many Sentinels are asked; those of the URL come first. */
const MAX_SENTINELS = 9;

/** The state of the master as one Sentinel sees it. */
interface MasterView {
  readonly endpoint: RedisEndpoint;
  /** Grows with every failover, so the highest one is the newest. */
  readonly configEpoch: number;
  readonly isFailingOver: boolean;
  /** After this time without a reply the Sentinel considers the master down. */
  readonly downAfterMs: number;
}

/**
 * The Sentinels of one master: asks all of them for its address, and watches all of them for failovers. Sentinels that are not in
 * the URL are learned from the others.
 *
 * The newest configuration decides. While a Sentinel that has it is replacing the master, there is no master: the old one may still
 * answer, but what it accepts is lost.
 */
export class Sentinels {
  readonly #target: RedisTarget;
  readonly #callbacks: SentinelCallbacks;
  readonly #clients = new Map<string, SentinelClient>();
  /** The view that `master` returned last. */
  #current: MasterView | undefined;
  #hasWarned = false;
  #isClosed = false;

  constructor(target: RedisTarget, callbacks: SentinelCallbacks) {
    this.#target = target;
    this.#callbacks = callbacks;
    for (const endpoint of target.endpoints) this.#add(endpoint);
  }

  /** Returns the master's address. @throws Error if no Sentinel answers, none knows the master, or a failover is in progress */
  async master(): Promise<RedisEndpoint> {
    const answers = await Promise.allSettled([...this.#clients.values()].map((client) => client.master()));
    const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const [first, ...others] = views;
    if (!first) {
      const failed = answers.find((answer) => answer.status === 'rejected');
      const reason = failed?.reason instanceof Error ? failed.reason.message : 'no answer';
      throw new Error(`no Sentinel names the master ${this.#target.masterName} (${reason})`);
    }
    const newest = others.reduce((a, b) => (b.configEpoch > a.configEpoch ? b : a), first);
    const agreeing = views.filter(({ endpoint }) => isSameEndpoint(endpoint, newest.endpoint));
    if (agreeing.some(({ isFailingOver }) => isFailingOver)) throw new Error('the master is being replaced');
    this.#current = newest;
    this.#warnOfShortTimeout(Math.min(...views.map(({ downAfterMs }) => downAfterMs)));
    return newest.endpoint;
  }

  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients.values()) client.close();
  }

  #warnOfShortTimeout(downAfterMs: number): void {
    if (this.#hasWarned || downAfterMs >= COMMAND_TIMEOUT_MS) return;
    this.#hasWarned = true;
    this.#callbacks.warn(
      `A frozen master may ack messages after its successor was promoted (down-after-milliseconds ${downAfterMs}). Set down-after-milliseconds to ${COMMAND_TIMEOUT_MS} or more.`,
    );
  }

  #add(endpoint: RedisEndpoint): void {
    const key = formatEndpoint(endpoint);
    if (this.#isClosed || this.#clients.has(key) || this.#clients.size >= MAX_SENTINELS) return;
    const events: SentinelEvents = {
      reconnected: (view) => {
        // `master` does not wait for a Sentinel that answers late.
        this.#warnOfShortTimeout(view.downAfterMs);
        const current = this.#current;
        if (!current || view.configEpoch < current.configEpoch) return;
        if (isSameEndpoint(view.endpoint, current.endpoint) === view.isFailingOver) this.#callbacks.replaced();
      },
      failingOver: (master) => {
        if (this.#current && isSameEndpoint(master, this.#current.endpoint)) this.#callbacks.replaced();
      },
      switchedTo: (master) => {
        if (this.#current && !isSameEndpoint(master, this.#current.endpoint)) this.#callbacks.replaced();
      },
      learned: (endpoints) => {
        for (const each of endpoints) this.#add(each);
      },
    };
    this.#clients.set(key, new SentinelClient(endpoint, this.#target, events));
  }
}

interface SentinelCallbacks {
  /** The master that `master` returned last is being replaced. */
  replaced(): void;
  /** Called once, when the settings of the Sentinels are weaker than the promises need. */
  warn(message: string): void;
}

interface SentinelEvents {
  /** Its view after each connect: it may have missed a failover before. */
  reconnected(view: MasterView): void;
  failingOver(master: RedisEndpoint): void;
  switchedTo(master: RedisEndpoint): void;
  learned(sentinels: readonly RedisEndpoint[]): void;
}

/**
 * The connection to one Sentinel, with a subscription to its failovers.
 *
 * A Sentinel may require the user and password of the URL, the password for its default user, or none: after a refusal the next of
 * these is tried.
 */
class SentinelClient {
  readonly #redis: Redis;
  readonly #masterName: string;
  readonly #events: SentinelEvents;
  /** The first attempt to connect has succeeded or failed. */
  readonly #firstAttempt: Promise<void>;
  #lastError: Error | undefined;

  constructor(endpoint: RedisEndpoint, target: RedisTarget, events: SentinelEvents) {
    this.#masterName = target.masterName;
    this.#events = events;
    const logins = loginsOf(target);
    let login = 0;
    const redis = new Redis({
      ...endpoint,
      ...logins[login],
      ...(target.isTls ? { tls: {} } : {}),
      connectionName: 'parley:sentinel',
      connectTimeout: ANSWER_DEADLINE_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      // `#ready` subscribes: ioredis would drop the promise, and its rejection would end the process.
      autoResubscribe: false,
      retryStrategy: reconnectDelayMs,
    });
    this.#redis = redis;
    guardConnection(redis, { dropsLateReplies: true });
    redis.on('error', (error: Error) => {
      this.#lastError = error;
      if (!/^(NOAUTH|WRONGPASS|ERR AUTH)/.test(error.message)) return;
      login = (login + 1) % logins.length;
      // ioredis reads them at each connect.
      Object.assign(redis.options, logins[login]);
    });
    redis.on('ready', () => void this.#ready());
    redis.on('message', (channel: string, text: string) => this.#received(channel, text));
    this.#firstAttempt = new Promise((resolve) => {
      redis.once('ready', resolve).once('close', resolve);
    });
  }

  /** @throws Error if the Sentinel does not answer in time, or does not know the master */
  async master(): Promise<MasterView> {
    const asked = this.#firstAttempt.then(() => {
      if (this.#redis.status !== 'ready' && this.#lastError) throw this.#lastError;
      return this.#ask('MASTER');
    });
    const fields = toFields((await withDeadline(asked, ANSWER_DEADLINE_MS, 'asking a Sentinel')) as string[]);
    return {
      endpoint: endpointOf(fields),
      configEpoch: Number(fields.get('config-epoch')),
      isFailingOver: (fields.get('flags') ?? '').split(',').includes('failover_in_progress'),
      downAfterMs: Number(fields.get('down-after-milliseconds')),
    };
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #ready(): Promise<void> {
    try {
      await this.#redis.subscribe('+try-failover', '+switch-master');
      // After the subscription: no failover falls between the two.
      this.#events.reconnected(await this.master());
      const others = (await this.#ask('SENTINELS')) as string[][];
      this.#events.learned(others.map((flat) => endpointOf(toFields(flat))));
    } catch {
      // Not connected any more, or the master is unknown here: the next connect or the next question shows which.
    }
  }

  #ask(question: 'MASTER' | 'SENTINELS'): Promise<unknown> {
    return this.#redis.call('SENTINEL', question, this.#masterName);
  }

  #received(channel: string, text: string): void {
    const words = text.split(' ');
    // `master <name> <host> <port>`
    if (channel === '+try-failover' && words[0] === 'master' && words[1] === this.#masterName) {
      this.#events.failingOver({ host: words[2] ?? '', port: Number(words[3]) });
    }
    // `<name> <old host> <old port> <new host> <new port>`
    if (channel === '+switch-master' && words[0] === this.#masterName) {
      this.#events.switchedTo({ host: words[3] ?? '', port: Number(words[4]) });
    }
  }
}

type Login = { [Field in 'username' | 'password']: RedisOptions[Field] | undefined };

function loginsOf({ username, password }: RedisTarget): readonly Login[] {
  const none = { username: undefined, password: undefined };
  if (password === undefined) return [none];
  return [...(username ? [{ username, password }] : []), { username: undefined, password }, none];
}

const endpointOf = (fields: Map<string, string>): RedisEndpoint => ({
  host: fields.get('ip') ?? '',
  port: Number(fields.get('port')),
});

/** Converts a flat list of names and values. */
function toFields(flat: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < flat.length; index += 2) fields.set(flat[index] ?? '', flat[index + 1] ?? '');
  return fields;
}
