import { randomUUID } from 'node:crypto';
import type { FencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import type { Logger, RedisConnection } from '@parley/service-kit';
import type { Delivery } from '../delivery/delivery-memory.ts';

/** How long another server may take to answer. */
const ANSWER_DEADLINE_MS = 1_000;

/** A server that has not heard its own notice of this age has not surely heard those of others either. */
const CERTAIN_FOR_MS = 2_500;

/** After this time a server that did not answer has noticed that it hears nothing, and serves nobody. */
const TAKEOVER_DEADLINE_MS = CERTAIN_FOR_MS + 500;

/** A subscriber that has not heard its own server for this long has silently stopped receiving. */
const DEAF_AFTER_MS = 6_000;

type Question =
  | { type: 'end-session'; token: FencingToken }
  | { type: 'find-delivery'; conversationId: ConversationId; seq: number };

type Notice =
  /** `from` tells it from one of a process that had this name before. */
  | { type: 'ping'; from: string; period: number; sentAt: number }
  | { type: 'question'; id: string; replyTo: string; question: Question }
  | { type: 'answer'; id: string; answer: Delivery | null };

/** What a server does when another one asks. */
export interface NodeBusAnswers {
  endSession(token: FencingToken): void;
  findDelivery(conversationId: ConversationId, seq: number): Delivery | undefined;
  /** Notices may have been missed: ends the sessions that lost their places meanwhile. */
  confirmSessions(): Promise<void>;
}

/** Short questions from one chat server to another, over Redis publish/subscribe: each server listens to its own name. */
export class NodeBus {
  readonly #node: string;
  readonly #id = randomUUID();
  readonly #command: RedisConnection;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, (answer: Delivery | null) => void>();
  #answers: NodeBusAnswers | undefined;
  #subscriber: RedisConnection | undefined;
  #heardAt = performance.now();
  /** Counts connections of the subscriber: what was sent between two of them was not heard. */
  #period = 0;
  /** The period since whose beginning the sessions were confirmed. */
  #confirmedPeriod = 0;
  #isConfirming = false;
  /** `performance.now()`: all that was sent to this server before was heard, in the present period. */
  #heardUpTo = performance.now();

  constructor(parts: { node: string; command: RedisConnection; logger: Logger }) {
    this.#node = parts.node;
    this.#command = parts.command;
    this.#logger = parts.logger;
  }

  /**
   * Listens from now on.
   *
   * @param subscriber the connection on which Socket.IO's adapter listens as well, so that hearing oneself shows that both hear
   */
  async listen(subscriber: RedisConnection, answers: NodeBusAnswers): Promise<void> {
    this.#answers = answers;
    this.#subscriber = subscriber;
    subscriber.on('message', (channel: string, text: string) => {
      if (channel === channelOf(this.#node)) this.#receive(JSON.parse(text) as Notice);
    });
    subscriber.on('close', () => {
      this.#period += 1;
    });
    await subscriber.subscribe(channelOf(this.#node));
    this.#heardUpTo = performance.now();
  }

  /**
   * Whether this server would know by now if one of its sessions had been replaced a while ago. A server that was frozen, or whose
   * subscription broke, may have a session that lives on elsewhere, and must not serve it until it has caught up.
   */
  get isCertain(): boolean {
    return this.#confirmedPeriod === this.#period && performance.now() - this.#heardUpTo < CERTAIN_FOR_MS;
  }

  /**
   * Asks a server to close a session; resolves when it has, or when it certainly serves it no more.
   *
   * @param options.isSameDevice the client itself has left the session: it is enough to ask a server that listens
   */
  async endSession(node: string, token: FencingToken, options: { isSameDevice: boolean }): Promise<void> {
    const question = { type: 'end-session', token } as const;
    if (options.isSameDevice) await this.#ask(node, question);
    else await this.#ask(node, question, { deadlineMs: TAKEOVER_DEADLINE_MS, waitsForTheDeaf: true });
  }

  /** Which servers remember that they handed a message to their sessions, and when. Those that don't answer are left out. */
  async deliveriesOf(conversationId: ConversationId, seq: number): Promise<(Delivery & { node: string })[]> {
    const channels = (await this.#command.call('PUBSUB', 'CHANNELS', channelOf('*'))) as string[];
    const nodes = channels.map((channel) => channel.slice(channelOf('').length)).sort();
    const answers = await Promise.all(
      nodes.map((node) => this.#ask(node, { type: 'find-delivery', conversationId, seq })),
    );
    return nodes.flatMap((node, index) => {
      const delivery = answers[index];
      return delivery ? [{ node, ...delivery }] : [];
    });
  }

  /**
   * Sends a notice to itself, and replaces the subscriber's connection when such notices leave but no longer arrive: a
   * subscription can die without its connection telling.
   *
   * @returns whether the subscriber was replaced
   */
  async checkHearing(): Promise<boolean> {
    const ping = { type: 'ping', from: this.#id, period: this.#period, sentAt: performance.now() } as const;
    const receivers = await this.#publish(this.#node, ping);
    if (receivers === undefined) this.#heardAt = performance.now();
    if (performance.now() - this.#heardAt < DEAF_AFTER_MS) return false;
    this.#logger.warn({ receivers }, 'the subscriber hears nothing: its connection is replaced');
    this.#heardAt = performance.now();
    this.#subscriber?.disconnect(true);
    return true;
  }

  /** null where nobody answers in time. */
  async #ask(
    node: string,
    question: Question,
    { deadlineMs = ANSWER_DEADLINE_MS, waitsForTheDeaf = false } = {},
  ): Promise<Delivery | null> {
    const id = randomUUID();
    const answered = new Promise<Delivery | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), deadlineMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    const receivers = await this.#publish(node, { type: 'question', id, replyTo: this.#node, question });
    if (receivers === 0 && !waitsForTheDeaf) this.#waiting.get(id)?.(null);
    const answer = await answered;
    this.#waiting.delete(id);
    return answer;
  }

  #receive(notice: Notice): void {
    this.#heardAt = performance.now();
    if (notice.type === 'ping') this.#heardPing(notice);
    if (notice.type === 'answer') this.#waiting.get(notice.id)?.(notice.answer);
    if (notice.type !== 'question') return;
    const answer = this.#answer(notice.question);
    void this.#publish(notice.replyTo, { type: 'answer', id: notice.id, answer });
  }

  #heardPing({ from, period, sentAt }: Extract<Notice, { type: 'ping' }>): void {
    if (from !== this.#id || period !== this.#period) return;
    this.#heardUpTo = sentAt;
    if (this.#confirmedPeriod !== period) void this.#confirm(period);
  }

  /** The subscription is another one: what was sent before it is asked for. Tried again at the next ping. */
  async #confirm(period: number): Promise<void> {
    if (this.#isConfirming) return;
    this.#isConfirming = true;
    try {
      await this.#answers?.confirmSessions();
      this.#confirmedPeriod = period;
    } catch (error) {
      this.#logger.debug({ err: error }, 'the sessions could not be confirmed yet');
    }
    this.#isConfirming = false;
  }

  #answer(question: Question): Delivery | null {
    if (question.type === 'find-delivery') {
      return this.#answers?.findDelivery(question.conversationId, question.seq) ?? null;
    }
    this.#answers?.endSession(question.token);
    return null;
  }

  /** How many servers got it; undefined = not known. */
  async #publish(node: string, notice: Notice): Promise<number | undefined> {
    try {
      return await this.#command.publish(channelOf(node), JSON.stringify(notice));
    } catch (error) {
      this.#logger.warn({ err: error, to: node, type: notice.type }, 'a notice to another server was not sent');
      return undefined;
    }
  }
}

const channelOf = (node: string) => `parley:node:${node}`;
