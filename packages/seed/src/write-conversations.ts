import { ChatClient, type ChatSnapshot, LOBBY_ID, ParleyError } from '@parley/client';
import type { ConversationId, Message, MessageId, UserId } from '@parley/protocol';
import type { ExampleConversation, Step } from './example-conversations.ts';
import { EXAMPLE_USERS, type ExampleUsername, PASSWORD } from './example-users.ts';

/** Deadline of each step. In a full cluster, connecting includes the time in the waiting room. */
const STEP_DEADLINE_MS = 60_000;

/** Writes the example conversations. Every example user has its own client. */
export class ConversationWriter {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #clients = new Map<ExampleUsername, ChatClient>();

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** Registers the users, or logs them in if they exist, and waits until all are online. */
  async connectAll(names: readonly ExampleUsername[]): Promise<void> {
    for (const name of names) {
      const client = new ChatClient({ url: this.#url });
      this.#clients.set(name, client);
      try {
        await client.register(name, PASSWORD, EXAMPLE_USERS[name]);
      } catch (error) {
        if (!(error instanceof ParleyError) || error.code !== 'CONFLICT') throw error;
        await client.logIn(name, PASSWORD);
      }
      await this.#waitFor(client, `${EXAMPLE_USERS[name]} is online`, ({ connection, conversations }) =>
        connection.phase === 'online' && conversations ? true : undefined,
      );
    }
  }

  /** Whether the creator is already a member of a conversation with this title. */
  exists({ title, members: [first] }: ExampleConversation): boolean {
    const { conversations } = this.#client(first).getSnapshot();
    return conversations?.some((conversation) => conversation.title === title) ?? false;
  }

  async write(conversation: ExampleConversation): Promise<void> {
    const conversationId = await this.#create(conversation);
    const messageIds: (MessageId | undefined)[] = [];
    for (const step of conversation.steps) messageIds.push(await this.#applyStep(conversationId, step, messageIds));
  }

  async sendToLobby(name: ExampleUsername, text: string): Promise<void> {
    await this.#send(LOBBY_ID, name, text);
  }

  closeAll(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #create({ title, members: [first, ...others] }: ExampleConversation): Promise<ConversationId> {
    const client = this.#client(first);
    const ids = others.map((name) => this.#idOf(name));
    const conversationId =
      title === undefined ? await client.startDirect(ids[0] as UserId) : await client.createGroup(title, ids);
    for (const name of others) {
      await this.#waitFor(
        this.#client(name),
        `${EXAMPLE_USERS[name]} sees ${title ?? 'the direct conversation'}`,
        ({ views }) => views.get(conversationId),
      );
    }
    return conversationId;
  }

  async #applyStep(conversationId: ConversationId, step: Step, messageIds: readonly (MessageId | undefined)[]) {
    const target = step.to === undefined ? undefined : messageIds[step.to];
    if ('text' in step) return (await this.#send(conversationId, step.user, step.text, target)).id;
    if (!target) throw new Error(`step ${step.to} is not a message`);
    const client = this.#client(step.user);
    if ('emoji' in step) await client.react(conversationId, target, step.emoji);
    else await client.edit(conversationId, target, step.newText);
    return undefined;
  }

  async #send(
    conversationId: ConversationId,
    name: ExampleUsername,
    text: string,
    replyTo?: MessageId,
  ): Promise<Message> {
    const client = this.#client(name);
    const clientMessageId = client.send(conversationId, text, replyTo);
    return this.#waitFor(client, `the message of ${EXAMPLE_USERS[name]} is shown`, ({ views }) =>
      views.get(conversationId)?.messages.findLast((message) => message.clientMessageId === clientMessageId),
    );
  }

  #client(name: ExampleUsername): ChatClient {
    const client = this.#clients.get(name);
    if (!client) throw new Error(`${name} has no client`);
    return client;
  }

  #idOf(name: ExampleUsername): UserId {
    const { me } = this.#client(name).getSnapshot();
    if (!me) throw new Error(`${name} is not logged in`);
    return me.id;
  }

  /** Waits until `find` returns a value. @throws Error naming the condition when the deadline passes */
  #waitFor<T>(client: ChatClient, condition: string, find: (snapshot: ChatSnapshot) => T | undefined): Promise<T> {
    const overdue = AbortSignal.any([this.#signal, AbortSignal.timeout(STEP_DEADLINE_MS)]);
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = find(client.getSnapshot());
        if (found === undefined) return false;
        settle();
        resolve(found);
        return true;
      };
      const fail = () => {
        settle();
        reject(new Error(`condition not met within ${STEP_DEADLINE_MS / 1_000} s: ${condition}`));
      };
      const unsubscribe = client.subscribe(check);
      const settle = () => {
        unsubscribe();
        overdue.removeEventListener('abort', fail);
      };
      overdue.addEventListener('abort', fail, { once: true });
      check();
    });
  }
}
