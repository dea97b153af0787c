import { randomUUID } from 'node:crypto';
import type { FencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import type { Logger, RedisConnection } from '@parley/service-kit';
import type { Delivery } from '../conversations/delivery-memory.ts';

/** How long another server may take to answer. A replaced session that was not closed by then is kept quiet by fencing alone. */
const ANSWER_DEADLINE_MS = 1_000;

/** A subscriber that has not heard its own server for this long has silently stopped receiving. */
const DEAF_AFTER_MS = 6_000;

type Question =
  | { type: 'end-session'; token: FencingToken }
  | { type: 'find-delivery'; conversationId: ConversationId; seq: number };

type Notice =
  | { type: 'ping' }
  | { type: 'question'; id: string; replyTo: string; question: Question }
  | { type: 'answer'; id: string; answer: Delivery | null };

/** What a server does when another one asks. */
export interface NodeBusAnswers {
  endSession(token: FencingToken): void;
  findDelivery(conversationId: ConversationId, seq: number): Delivery | undefined;
}

/** Short questions from one chat server to another, over Redis publish/subscribe: each server listens to its own name. */
export class NodeBus {
  readonly #node: string;
  readonly #command: RedisConnection;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, (answer: Delivery | null) => void>();
  #answers: NodeBusAnswers | undefined;
  #subscriber: RedisConnection | undefined;
  #heardAt = performance.now();

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
    await subscriber.subscribe(channelOf(this.#node));
  }

  /** Asks a server to close a session; resolves when it has, when no such server listens, or after a deadline. */
  async endSession(node: string, token: FencingToken): Promise<void> {
    await this.#ask(node, { type: 'end-session', token });
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
    const receivers = await this.#publish(this.#node, { type: 'ping' });
    if (receivers === undefined) this.#heardAt = performance.now();
    if (performance.now() - this.#heardAt < DEAF_AFTER_MS) return false;
    this.#logger.warn({ receivers }, 'the subscriber hears nothing: its connection is replaced');
    this.#heardAt = performance.now();
    this.#subscriber?.disconnect(true);
    return true;
  }

  /** null where nobody answers in time. */
  async #ask(node: string, question: Question): Promise<Delivery | null> {
    const id = randomUUID();
    const answered = new Promise<Delivery | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), ANSWER_DEADLINE_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
    const receivers = await this.#publish(node, { type: 'question', id, replyTo: this.#node, question });
    if (receivers === 0) this.#waiting.get(id)?.(null);
    const answer = await answered;
    this.#waiting.delete(id);
    return answer;
  }

  #receive(notice: Notice): void {
    this.#heardAt = performance.now();
    if (notice.type === 'answer') this.#waiting.get(notice.id)?.(notice.answer);
    if (notice.type !== 'question') return;
    const answer = this.#answer(notice.question);
    void this.#publish(notice.replyTo, { type: 'answer', id: notice.id, answer });
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
