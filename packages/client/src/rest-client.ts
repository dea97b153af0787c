import type {
  Conversation,
  ConversationId,
  ConversationList,
  CreateConversationPayload,
  MessageId,
  MessagePage,
  Receipt,
  SearchPage,
  User,
  UserId,
} from '@parley/protocol';
import { ParleyError } from './parley-error.ts';
import { RateLimits } from './rate-limits.ts';
import { Credentials } from './rest-client/credentials.ts';
import { type JsonRequest, requestJson } from './rest-client/request-json.ts';

/** Timeout of a call. */
const DEADLINE_MS = 10_000;

export type NewConversation = Pick<CreateConversationPayload, 'kind'> & Partial<CreateConversationPayload>;

export interface PageRange {
  /** Returns the newest messages with a smaller seq. */
  readonly before?: number;
  /** Returns the oldest messages with a larger seq. */
  readonly after?: number;
  /** 1 to 200. */
  readonly limit?: number;
}

export interface ConversationRange {
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
  /** 1 to 200. A page with large groups has fewer. */
  readonly limit?: number;
}

export interface SearchRange {
  /** Restricts the search to one conversation. */
  readonly conversationId?: ConversationId;
  /** Returns only results older than this message. */
  readonly before?: MessageId;
  /** 1 to 200. */
  readonly limit?: number;
}

/**
 * The typed REST API. Every call rejects with a `ParleyError`. If the access token is rejected, the call renews it and
 * retries once. A call that was refused with `RATE_LIMITED` and a time is not sent again before that time.
 */
export class RestClient {
  readonly credentials: Credentials;
  readonly #apiUrl: string;
  /** By method and path. */
  readonly #rateLimits = new RateLimits();

  /** @param baseUrl base URL of the cluster, such as `http://localhost:8080`; '' is the origin of the page */
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

  /** Finds users whose name begins with the query. */
  async searchUsers(query: string): Promise<User[]> {
    return (await this.#call<{ users: User[] }>('GET', `/users?${new URLSearchParams({ query })}`)).users;
  }

  /** Returns the existing users with these ids, in any order. */
  async usersByIds(ids: readonly UserId[]): Promise<User[]> {
    return (await this.#call<{ users: User[] }>('GET', `/users?${new URLSearchParams({ ids: ids.join(',') })}`)).users;
  }

  /**
   * Returns all conversations of the caller. While the pages are read, a conversation with a new message moves to the first page.
   * Therefore, that page is read again after the last one.
   */
  async conversations(): Promise<Conversation[]> {
    const found = new Map<ConversationId, Conversation>();
    const add = ({ conversations }: ConversationList) => {
      for (const conversation of conversations) found.set(conversation.id, conversation);
    };
    const first = await this.conversationPage();
    add(first);
    let cursor = first.nextCursor;
    while (cursor) {
      const page: ConversationList = await this.conversationPage({ cursor });
      add(page);
      cursor = page.nextCursor;
    }
    if (first.nextCursor) add(await this.conversationPage());
    return [...found.values()];
  }

  /** Returns a page of the caller's conversations: the lobby, then the newest activity first. */
  conversationPage(range: ConversationRange = {}): Promise<ConversationList> {
    return this.#call('GET', `/conversations?${queryOf({ ...range })}`);
  }

  /** Creates a conversation. For an existing direct conversation it returns that one. */
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

  /** Returns a page of history, oldest first, without gaps. */
  messages(conversationId: ConversationId, range: PageRange = {}): Promise<MessagePage> {
    return this.#call('GET', `/conversations/${conversationId}/messages?${queryOf({ ...range })}`);
  }

  /** Returns the receipts of all members of a direct conversation or group. */
  async receipts(conversationId: ConversationId): Promise<Receipt[]> {
    return (await this.#call<{ readers: Receipt[] }>('GET', `/conversations/${conversationId}/receipts`)).readers;
  }

  /** Finds messages that contain, for each word of the query, a word that begins with it. Newest first. */
  search(query: string, range: SearchRange = {}): Promise<SearchPage> {
    return this.#call('GET', `/search?${queryOf({ q: query, ...range })}`);
  }

  close(): void {
    this.credentials.close();
  }

  async #call<T>(method: JsonRequest['method'], path: string, body?: unknown): Promise<T> {
    const kind = `${method} ${path.split('?', 1)[0]}`;
    const refusal = this.#rateLimits.refusalOf(kind);
    if (refusal) throw new ParleyError(refusal);
    try {
      return await this.#authorised<T>(method, path, body);
    } catch (error) {
      if (error instanceof ParleyError) this.#rateLimits.learn(kind, error);
      throw error;
    }
  }

  async #authorised<T>(method: JsonRequest['method'], path: string, body?: unknown): Promise<T> {
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
