import type { FencingToken } from '@parley/leases';
import type { ConversationId } from '@parley/protocol';
import {
  hasSubscribers,
  type Logger,
  publishInOrder,
  type RedisConnection,
  subscribedChannels,
} from '@parley/service-kit';
import type { Delivery } from '../delivery/delivery-memory.ts';

/** A request of the server RPC. */
export type RpcRequest =
  | { readonly type: 'end-session'; readonly token: FencingToken }
  | { readonly type: 'find-delivery'; readonly conversationId: ConversationId; readonly seq: number };

/**
 * The messages of a server's channel, as JSON. Servers of mixed releases exchange them, so their format does not change:
 * `question` is a request, `answer` its response.
 */
export type ServerMessage =
  /** From a server to itself. `from` distinguishes it from a ping of an earlier process with the same name. */
  | { readonly type: 'ping'; readonly from: string; readonly period: number; readonly sentAt: number }
  | { readonly type: 'question'; readonly id: string; readonly replyTo: string; readonly question: RpcRequest }
  | { readonly type: 'answer'; readonly id: string; readonly answer: Delivery | null };

const channelOf = (node: string) => `parley:node:${node}`;

/**
 * Redis publish/subscribe between chat servers. Each server subscribes to a channel of its own name. Delivery is at most once; the
 * messages of a channel arrive in the order of publishing.
 */
export class ServerChannel {
  readonly node: string;
  readonly #command: RedisConnection;
  readonly #logger: Logger;

  constructor(parts: { node: string; command: RedisConnection; logger: Logger }) {
    this.node = parts.node;
    this.#command = parts.command;
    this.#logger = parts.logger;
  }

  /** Subscribes to this server's channel. Each message goes to all receivers in their order. */
  async listen(
    subscriber: RedisConnection,
    receivers: readonly { receive(message: ServerMessage): void }[],
  ): Promise<void> {
    subscriber.on('message', (channel: string, text: string) => {
      if (channel !== channelOf(this.node)) return;
      const message = JSON.parse(text) as ServerMessage;
      for (const receiver of receivers) receiver.receive(message);
    });
    await subscriber.subscribe(channelOf(this.node));
  }

  /**
   * Returns how many subscribers received the message, or undefined if Redis did not reply. In a Cluster it does not count those that
   * are connected to another node: see `isSubscribed`.
   */
  async publish(node: string, message: ServerMessage): Promise<number | undefined> {
    try {
      return await publishInOrder(this.#command, channelOf(node), JSON.stringify(message));
    } catch (error) {
      this.#logger.warn({ err: error, to: node, type: message.type }, 'publishing to another server failed');
      return undefined;
    }
  }

  /** Whether a server is subscribed to its channel. True if Redis does not reply: it may be. */
  isSubscribed(node: string): Promise<boolean> {
    return hasSubscribers(this.#command, channelOf(node)).catch(() => true);
  }

  /** Returns the names of the servers that are subscribed now. */
  async nodes(): Promise<string[]> {
    const channels = await subscribedChannels(this.#command, channelOf('*'));
    return channels.map((channel) => channel.slice(channelOf('').length)).sort();
  }
}
