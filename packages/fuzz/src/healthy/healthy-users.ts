import { type Account, createConversation, signUpGuest } from '@parley/load-kit/clients';
import { LatencyHistogram } from '@parley/load-kit/generator';
import { HealthyUser, type Observations } from './healthy-user.ts';

/** From the start of a user's request to the start of the next one. */
const EVERY_MS = 100;

/** The private group of the healthy users. Attackers know its id, but not its secrets. */
export interface PrivateGroup {
  readonly id: string;
  /** Its title, and the text of a message in it. */
  readonly secrets: { readonly title: string; readonly text: string };
}

/** Users who chat beside the attack, and what they measured and noticed. */
export class HealthyUsers implements Observations {
  /** Things that a healthy user received and may not receive. */
  readonly leaks = new Set<string>();
  readonly disconnects: string[] = [];
  /** Number of refused requests by code. */
  readonly refusals = new Map<string, number>();
  readonly accounts: readonly Account[];
  readonly group: PrivateGroup;
  readonly #users: HealthyUser[] = [];
  #latencies = new LatencyHistogram();
  readonly #stopping = new AbortController();
  #working: Promise<unknown> | undefined;

  private constructor(accounts: readonly Account[], group: PrivateGroup) {
    this.accounts = accounts;
    this.group = group;
  }

  /** Creates the users and their private group, and connects them. */
  static async connect(url: string, count: number, signal: AbortSignal): Promise<HealthyUsers> {
    const names = Array.from({ length: count }, (_, index) => `healthy-${index + 1}`);
    const accounts = await Promise.all(names.map((name) => signUpGuest(url, name, { signal })));
    const [owner, ...others] = accounts;
    if (!owner) throw new Error('there must be a healthy user');
    const secrets = { title: `private title ${crypto.randomUUID()}`, text: `private text ${crypto.randomUUID()}` };
    const memberIds = others.map(({ userId }) => userId);
    const privateId = await createConversation(
      url,
      owner,
      { kind: 'group', title: secrets.title, memberIds },
      { signal },
    );
    const all = new HealthyUsers(accounts, { id: privateId, secrets });
    const healthyIds = new Set<string>(accounts.map(({ userId }) => userId));
    try {
      for (const [index, { token }] of accounts.entries()) {
        const name = names[index] ?? '';
        all.#users.push(await HealthyUser.connect({ url, name, token, privateId, healthyIds, observations: all }));
      }
    } catch (error) {
      all.close();
      throw error;
    }
    return all;
  }

  /** Sends the secret text to the private group. @returns the id of the message */
  async sendSecret(): Promise<string> {
    const [first] = this.#users;
    if (!first) throw new Error('there is no healthy user');
    return first.sendOne(this.group.secrets.text);
  }

  get count(): number {
    return this.#users.length;
  }

  /** Starts to send and read. */
  work(): void {
    const { signal } = this.#stopping;
    this.#working ??= Promise.all(this.#users.map((user) => user.work(EVERY_MS, signal)));
  }

  /** Returns the latencies since the last call. */
  takeLatencies(): LatencyHistogram {
    const taken = this.#latencies;
    this.#latencies = new LatencyHistogram();
    return taken;
  }

  async stopWork(): Promise<void> {
    this.#stopping.abort();
    await this.#working;
    await Promise.all(this.#users.map((user) => user.checkConversations()));
  }

  close(): void {
    this.#stopping.abort();
    for (const user of this.#users) user.close();
  }

  onLatency(ms: number): void {
    this.#latencies.add(ms);
  }

  onRefusal(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  onLeak(what: string): void {
    this.leaks.add(what);
  }

  onDisconnect(reason: string): void {
    this.disconnects.push(reason);
  }
}
