import { Socket } from 'node:net';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { withDeadline } from '../deadline.ts';
import { openLiveSocket } from './live-socket.ts';
import type { RedisEndpoint } from './redis-url.ts';

/** How long one attempt waits for the choice of a server, for its first reply, and for the confirmation of the choice. */
const STEP_DEADLINE_MS = 1_000;

/** How long a connection that is closed in order may take to send what is still buffered. */
const CLOSE_DEADLINE_MS = 500;

/** Decides which server a connection uses. */
export interface Route {
  /** Chooses a server for the next attempt. @throws Error if there is none now */
  choose(options: RedisOptions): Promise<RedisEndpoint>;
  /** Called after the server has answered. @throws Error if it must not be used, because it was replaced */
  confirm?(endpoint: RedisEndpoint, options: RedisOptions): Promise<void>;
  /** The role that the server must have. */
  readonly role?: 'master';
}

/** The time of the proof for the newest connection of each client, by the options object of the client. */
const aliveAtOf = new WeakMap<object, number>();

/** Returns `performance.now()` of the moment after which the server of a new connection has answered. */
export const provenAliveAt = (options: RedisOptions): number => aliveAtOf.get(options) ?? performance.now();

/**
 * Returns a connector for ioredis that passes on a connection only after its server has answered and, if the route can tell, was not
 * replaced.
 *
 * A failed attempt returns a closed socket instead of an error: ioredis handles it like a lost connection and connects again. After an
 * error it would give up for ever.
 */
export function connectorFor(route: Route, isTls: boolean): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #options: RedisOptions;
    #attempt = new AbortController();
    #socket: Socket | undefined;

    constructor(options: unknown) {
      super(CLOSE_DEADLINE_MS);
      this.#options = options as RedisOptions;
    }

    override check(info: { role?: string }): boolean {
      return route.role === undefined || info.role === undefined || info.role === route.role;
    }

    override async connect(): Promise<Socket> {
      this.#attempt = new AbortController();
      const { signal } = this.#attempt;
      try {
        const endpoint = await withDeadline(route.choose(this.#options), STEP_DEADLINE_MS, 'choosing a Redis server');
        const { socket, aliveAt } = await openLiveSocket(endpoint, { isTls, deadlineMs: STEP_DEADLINE_MS, signal });
        this.#socket = socket;
        if (route.confirm) {
          await withDeadline(route.confirm(endpoint, this.#options), STEP_DEADLINE_MS, 'confirming a Redis server');
          signal.throwIfAborted();
        }
        aliveAtOf.set(this.#options, aliveAt);
      } catch (error) {
        this.firstError = error instanceof Error ? error : new Error(String(error));
        this.#socket?.destroy();
        this.#socket = new Socket().destroy();
      }
      return this.#socket;
    }

    /** Also ends an attempt. */
    override disconnect(): void {
      this.#attempt.abort(new Error('Connection is closed.'));
      const socket = this.#socket;
      if (!socket || socket.destroyed) return;
      const timer = setTimeout(() => socket.destroy(), CLOSE_DEADLINE_MS);
      socket.once('close', () => clearTimeout(timer));
      socket.end();
    }
  };
}
