import type {
  Conversation,
  ConversationId,
  CreateConversationPayload,
  MessageId,
  MessagePage,
  Receipt,
  SearchPage,
  User,
  UserId,
} from '@parley/protocol';
import { ParleyError } from './parley-error.ts';
import { Credentials } from './rest-client/credentials.ts';
import { type JsonRequest, requestJson } from './rest-client/request-json.ts';

/** The longest that a call takes before it counts as unanswered. */
const DEADLINE_MS = 10_000;

export type NewConversation = Pick<CreateConversationPayload, 'kind'> & Partial<CreateConversationPayload>;

export interface PageRange {
  /** Only messages with a smaller seq: the newest of them. */
  readonly before?: number;
  /** Only messages with a larger seq: the oldest of them. */
  readonly after?: number;
  /** 1 to 200. */
  readonly limit?: number;
}

export interface SearchRange {
  /** Only in this conversation. */
  readonly conversationId?: ConversationId;
  /** Only hits older than this one. */
  readonly before?: MessageId;
  /** 1 to 200. */
  readonly limit?: number;
}

/**
 * The REST API, typed. Every call rejects with a `ParleyError`. A call that is told that its token is no longer good
 * renews it and goes out once more.
 */
export class RestClient {
  readonly credentials: Credentials;
  readonly #apiUrl: string;

  /** @param baseUrl where the cluster is, such as `http://localhost:8080`; '' in a page that it served */
  constructor(baseUrl = '') {
    this.#apiUrl = `${baseUrl}/api`;
    this.credentials = new Credentials(baseUrl);
  }

  register(username: string, password: string, displayName?: string): Promise<User> {
    return this.credentials.signIn('register', { username, password, displayName });
  }

  logIn(username: string, password: string): Promise<User> {
    return this.credentials.signIn('login', { username, password });
  }

  joinAsGuest(displayName: string): Promise<User> {
    return this.credentials.signIn('guest', { displayName });
  }

  me(): Promise<User> {
    return this.#call('GET', '/me');
  }

  /** Users whose name begins with the query. */
  async searchUsers(query: string): Promise<User[]> {
    return (await this.#call<{ users: User[] }>('GET', `/users?${new URLSearchParams({ query })}`)).users;
  }

  /** Those of these people that exist, in any order. */
  async usersByIds(ids: readonly UserId[]): Promise<User[]> {
    return (await this.#call<{ users: User[] }>('GET', `/users?${new URLSearchParams({ ids: ids.join(',') })}`)).users;
  }

  async conversations(): Promise<Conversation[]> {
    return (await this.#call<{ conversations: Conversation[] }>('GET', '/conversations')).conversations;
  }

  /** A direct conversation that is there already is given back as it is. */
  createConversation(conversation: NewConversation): Promise<Conversation> {
    return this.#call('POST', '/conversations', conversation);
  }

  renameConversation(conversationId: ConversationId, title: string): Promise<Conversation> {
    return this.#call('PATCH', `/conversations/${conversationId}`, { title });
  }

  addMembers(conversationId: ConversationId, memberIds: readonly UserId[]): Promise<Conversation> {
    return this.#call('POST', `/conversations/${conversationId}/members`, { memberIds });
  }

  removeMember(conversationId: ConversationId, userId: UserId): Promise<void> {
    return this.#call('DELETE', `/conversations/${conversationId}/members/${userId}`);
  }

  /** A page of history, oldest first, without a gap. */
  messages(conversationId: ConversationId, range: PageRange = {}): Promise<MessagePage> {
    return this.#call('GET', `/conversations/${conversationId}/messages?${queryOf({ ...range })}`);
  }

  /** How far each member of a direct conversation or group is. */
  async receipts(conversationId: ConversationId): Promise<Receipt[]> {
    return (await this.#call<{ readers: Receipt[] }>('GET', `/conversations/${conversationId}/receipts`)).readers;
  }

  /** Messages of the caller's conversations that have all words of the query, or words that begin so; newest first. */
  search(query: string, range: SearchRange = {}): Promise<SearchPage> {
    return this.#call('GET', `/search?${queryOf({ q: query, ...range })}`);
  }

  close(): void {
    this.credentials.close();
  }

  async #call<T>(method: JsonRequest['method'], path: string, body?: unknown): Promise<T> {
    const send = async () => {
      const token = await this.credentials.accessToken();
      const headers = { authorization: `Bearer ${token}` };
      const request = { method, headers, deadlineMs: DEADLINE_MS, ...(body !== undefined && { body }) };
      return (await requestJson<T>(`${this.#apiUrl}${path}`, request)).body;
    };
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof ParleyError) || error.code !== 'UNAUTHENTICATED' || !this.credentials.user) throw error;
      await this.credentials.refresh();
      return send();
    }
  }
}

function queryOf(parameters: Readonly<Record<string, string | number | undefined>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query;
}
