import { randomUUID } from 'node:crypto';
import type { FencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import type { Delivery } from '../delivery/delivery-memory.ts';
import type { RpcRequest, ServerChannel, ServerMessage } from './server-channel.ts';
import { CERTAIN_FOR_MS } from './subscription-health.ts';

const RESPONSE_DEADLINE_MS = 1_000;

/** After this time a server that did not respond is no longer certain of its subscription, and serves no session. */
const TAKEOVER_DEADLINE_MS = CERTAIN_FOR_MS + 500;

/** The methods that a server runs for other servers. */
export interface RpcMethods {
  endSession(token: FencingToken): void;
  findDelivery(conversationId: ConversationId, seq: number): Delivery | undefined;
}

/** Requests between chat servers. A request without a response before its deadline counts as one with an empty response. */
export class ServerRpc {
  readonly #channel: ServerChannel;
  readonly #methods: RpcMethods;
  readonly #pending = new Map<string, (response: Delivery | null) => void>();

  constructor(parts: { channel: ServerChannel; methods: RpcMethods }) {
    this.#channel = parts.channel;
    this.#methods = parts.methods;
  }

  /**
   * Ends a session on another server. Resolves when that server has closed it, or certainly no longer serves it.
   *
   * @param options.isSameDevice the client itself left the session, so there is no wait for a server without a subscription
   */
  async endSession(node: string, token: FencingToken, options: { isSameDevice: boolean }): Promise<void> {
    const request = { type: 'end-session', token } as const;
    if (options.isSameDevice) await this.#request(node, request);
    else await this.#request(node, request, { deadlineMs: TAKEOVER_DEADLINE_MS, waitsForUnsubscribed: true });
  }

  /** Returns the servers that delivered a message to their sessions. Servers that do not respond are left out. */
  async deliveriesOf(conversationId: ConversationId, seq: number): Promise<(Delivery & { node: string })[]> {
    const nodes = await this.#channel.nodes();
    const responses = await Promise.all(
      nodes.map((node) => this.#request(node, { type: 'find-delivery', conversationId, seq })),
    );
    return nodes.flatMap((node, index) => {
      const delivery = responses[index];
      return delivery ? [{ node, ...delivery }] : [];
    });
  }

  /** Handles every message of this server's channel. */
  receive(message: ServerMessage): void {
    if (message.type === 'answer') this.#pending.get(message.id)?.(message.answer);
    if (message.type !== 'question') return;
    const response = this.#run(message.question);
    void this.#channel.publish(message.replyTo, { type: 'answer', id: message.id, answer: response });
  }

  /** Returns null if no response arrives before the deadline. */
  async #request(
    node: string,
    request: RpcRequest,
    { deadlineMs = RESPONSE_DEADLINE_MS, waitsForUnsubscribed = false } = {},
  ): Promise<Delivery | null> {
    const id = randomUUID();
    const responded = new Promise<Delivery | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), deadlineMs);
      this.#pending.set(id, (response) => {
        clearTimeout(timer);
        resolve(response);
      });
    });
    const receivers = await this.#channel.publish(node, {
      type: 'question',
      id,
      replyTo: this.#channel.node,
      question: request,
    });
    if (receivers === 0 && !waitsForUnsubscribed && !(await this.#channel.isSubscribed(node))) {
      this.#pending.get(id)?.(null);
    }
    const response = await responded;
    this.#pending.delete(id);
    return response;
  }

  #run(request: RpcRequest): Delivery | null {
    if (request.type === 'find-delivery') {
      return this.#methods.findDelivery(request.conversationId, request.seq) ?? null;
    }
    this.#methods.endSession(request.token);
    return null;
  }
}
