import { ChatClient, type ChatSnapshot, LOBBY_ID, ParleyError } from '@parley/client';
import type { ConversationId, Message, MessageId, UserId } from '@parley/protocol';
import type { Line, Scene } from './example-conversations.ts';
import { CAST, PASSWORD, type PersonName } from './example-users.ts';

/** How long a step may take; with a full cluster the first one waits in the waiting room. */
const STEP_DEADLINE_MS = 60_000;

/** The cast, connected, each as a person of their own. */
export class Stage {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #clients = new Map<PersonName, ChatClient>();

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** Registers everyone, or logs them in where they are known already. */
  async enter(names: readonly PersonName[]): Promise<void> {
    for (const name of names) {
      const client = new ChatClient({ url: this.#url });
      this.#clients.set(name, client);
      try {
        await client.register(name, PASSWORD, CAST[name]);
      } catch (error) {
        if (!(error instanceof ParleyError) || error.code !== 'CONFLICT') throw error;
        await client.logIn(name, PASSWORD);
      }
      await this.#until(client, `${CAST[name]} is in`, ({ connection, conversations }) =>
        connection.phase === 'online' && conversations ? true : undefined,
      );
    }
  }

  /** Whether the scene was played before. */
  has({ title, people: [first] }: Scene): boolean {
    const { conversations } = this.#client(first).getSnapshot();
    return conversations?.some((conversation) => conversation.title === title) ?? false;
  }

  async play(scene: Scene): Promise<void> {
    const conversationId = await this.#create(scene);
    const said: (MessageId | undefined)[] = [];
    for (const line of scene.lines) said.push(await this.#act(conversationId, line, said));
  }

  async sayInLobby(name: PersonName, text: string): Promise<void> {
    await this.#say(LOBBY_ID, name, text);
  }

  leave(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #create({ title, people: [first, ...others] }: Scene): Promise<ConversationId> {
    const client = this.#client(first);
    const ids = others.map((name) => this.#idOf(name));
    const conversationId =
      title === undefined ? await client.startDirect(ids[0] as UserId) : await client.createGroup(title, ids);
    for (const name of others) {
      await this.#until(this.#client(name), `${CAST[name]} is in ${title ?? 'the conversation'}`, ({ views }) =>
        views.get(conversationId),
      );
    }
    return conversationId;
  }

  async #act(conversationId: ConversationId, line: Line, said: readonly (MessageId | undefined)[]) {
    const target = line.to === undefined ? undefined : said[line.to];
    if ('says' in line) return (await this.#say(conversationId, line.who, line.says, target)).id;
    if (!target) throw new Error(`line ${line.to} is no message`);
    const client = this.#client(line.who);
    if ('reacts' in line) await client.react(conversationId, target, line.reacts);
    else await client.edit(conversationId, target, line.edits);
    return undefined;
  }

  async #say(conversationId: ConversationId, name: PersonName, text: string, replyTo?: MessageId): Promise<Message> {
    const client = this.#client(name);
    const clientMessageId = client.send(conversationId, text, replyTo);
    return this.#until(client, `${CAST[name]} said it`, ({ views }) =>
      views.get(conversationId)?.messages.findLast((message) => message.clientMessageId === clientMessageId),
    );
  }

  #client(name: PersonName): ChatClient {
    const client = this.#clients.get(name);
    if (!client) throw new Error(`${name} is not there`);
    return client;
  }

  #idOf(name: PersonName): UserId {
    const { me } = this.#client(name).getSnapshot();
    if (!me) throw new Error(`${name} is not logged in`);
    return me.id;
  }

  /** Waits for what `look` finds. @throws Error that says what did not come */
  #until<T>(client: ChatClient, what: string, look: (snapshot: ChatSnapshot) => T | undefined): Promise<T> {
    const overdue = AbortSignal.any([this.#signal, AbortSignal.timeout(STEP_DEADLINE_MS)]);
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = look(client.getSnapshot());
        if (found === undefined) return false;
        settle();
        resolve(found);
        return true;
      };
      const give = () => {
        settle();
        reject(new Error(`not within ${STEP_DEADLINE_MS / 1_000} s: ${what}`));
      };
      const unsubscribe = client.subscribe(check);
      const settle = () => {
        unsubscribe();
        overdue.removeEventListener('abort', give);
      };
      overdue.addEventListener('abort', give, { once: true });
      check();
    });
  }
}
