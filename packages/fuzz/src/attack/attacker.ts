import type { Bytes, HostileInput, PollingInput, RequestInput, WebSocketInput } from '../inputs/hostile-input.ts';
import { fill, type PlaceholderValues, resolveBytes } from '../inputs/placeholders.ts';
import { completeRequest, type Endpoint, exchange } from './exchange.ts';
import type { Secrets } from './findings.ts';
import { type Finding, findingsIn } from './findings.ts';
import { encodeHostileFrame } from './hostile-frames.ts';
import type { Pace } from './pace.ts';
import { AttackSocket } from './web-socket.ts';

/** nginx waits 15 s for the rest of a request that announces more than it has. */
const MALFORMED_DEADLINE_MS = 700;
const REPLY_DEADLINE_MS = 10_000;
const UPGRADE_DEADLINE_MS = 3_000;
const CONNECT_DEADLINE_MS = 10_000;
const ACK_DEADLINE_MS = 5_000;
const WRITE_DEADLINE_MS = 5_000;
/** How long an anonymous connection waits for a reply to its last frame. */
const LINGER_MS = 50;
/** A poll without news stays open on the server until its next ping. */
const POLL_DEADLINE_MS = 150;
const FRAMES_PER_WRITE = 100;
const PROBE_ID = 2_147_483_647;
const PROBE = `42${PROBE_ID}["session:hello",{"timezone":"UTC"}]`;
const DEFAULT_QUERY = 'EIO=4&transport=websocket';

export interface AttackerOptions {
  readonly publicEndpoint: Endpoint;
  readonly chatServers: readonly Endpoint[];
  readonly secrets: Secrets;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  onFinding(finding: Finding): void;
  /** Called when the server no longer accepts the guest's token. @returns the values of a new guest */
  renewGuest(): Promise<PlaceholderValues>;
}

/** Sends hostile inputs one after the other, and looks at every reply. A failed connection is no finding: servers may refuse. */
export class Attacker {
  readonly #options: AttackerOptions;
  #values: PlaceholderValues;
  #direct = 0;

  constructor(values: PlaceholderValues, options: AttackerOptions) {
    this.#values = values;
    this.#options = options;
  }

  async send(input: HostileInput): Promise<void> {
    const replies =
      input.kind === 'request'
        ? [await this.#sendRequest(input)]
        : input.kind === 'polling'
          ? await this.#sendPolling(input)
          : [await this.#sendFrames(input)];
    for (const reply of replies) {
      for (const finding of findingsIn(reply, input, this.#options.secrets)) this.#options.onFinding(finding);
    }
  }

  async #sendRequest(input: RequestInput): Promise<Buffer> {
    await this.#take(1);
    const head = resolveBytes(input.head, this.#values);
    const body = input.body === undefined ? undefined : resolveBytes(input.body, this.#values);
    const bytes = input.isComplete
      ? Buffer.concat([head, Buffer.from('\r\n\r\n'), body ?? Buffer.alloc(0)])
      : completeRequest(head, body);
    return exchange(this.#endpoint(input), bytes, {
      replyDeadlineMs: input.isComplete ? MALFORMED_DEADLINE_MS : REPLY_DEADLINE_MS,
    });
  }

  async #sendFrames(input: WebSocketInput): Promise<Buffer> {
    const endpoint = this.#endpoint(input);
    const sid = input.upgradesPolling ? await this.#openPolling(endpoint) : '';
    const values = { ...this.#values, sid };
    const frames = input.frames.map((frame) => ({
      bytes: encodeHostileFrame(frame, resolveBytes(frame.payload, values)),
      times: frame.times ?? 1,
    }));
    const head = resolveBytes(upgradeHead(input), values);
    await this.#take(1);
    const eager = input.isEager ? frames.map(({ bytes }) => bytes) : [];
    const socket = new AttackSocket(endpoint, Buffer.concat([head, ...eager]));
    try {
      if (input.isEager) await this.#take(frames.length);
      if (input.isEager && input.resets) await socket.waitFor([], 1);
      else if (!(await socket.isUpgraded(UPGRADE_DEADLINE_MS))) return socket.received;
      if (input.connect !== undefined) {
        await socket.write(
          encodeHostileFrame({ payload: '' }, resolveBytes(connectPacket(input.connect), values)),
          WRITE_DEADLINE_MS,
        );
        const answer = await socket.waitFor(['40', '44'], CONNECT_DEADLINE_MS);
        if (input.connect === 'guest') await this.#renewIfRefused(answer);
      }
      for (const { bytes, times } of input.isEager ? [] : frames) {
        if (!socket.isOpen) break;
        await this.#take(1); // a repeated frame is one input, written as fast as it can be
        for (let left = times; left > 0 && socket.isOpen; left -= FRAMES_PER_WRITE) {
          await socket.write(Buffer.concat(Array(Math.min(left, FRAMES_PER_WRITE)).fill(bytes)), WRITE_DEADLINE_MS);
        }
      }
      if (input.resets) socket.reset();
      else if (input.connect === 'guest' && socket.isOpen) {
        await socket.write(encodeHostileFrame({ payload: '' }, Buffer.from(PROBE)), WRITE_DEADLINE_MS);
        await socket.waitFor([`43${PROBE_ID}[`], ACK_DEADLINE_MS);
      } else await socket.waitFor([], LINGER_MS);
      return socket.received;
    } finally {
      socket.close();
    }
  }

  async #sendPolling(input: PollingInput): Promise<Buffer[]> {
    const endpoint = this.#endpoint(input);
    const sid = await this.#openPolling(endpoint);
    const values = { ...this.#values, sid };
    const query = `EIO=4&transport=polling&sid=${sid}`;
    const replies: Buffer[] = [];
    const post = (body: Buffer, method = 'POST', contentType = 'text/plain;charset=UTF-8', address = query) => {
      const head = `${method} /socket.io/?${fill(address, values)} HTTP/1.1\r\nHost: ${values.host}\r\nContent-Type: ${contentType}`;
      return exchange(endpoint, completeRequest(Buffer.from(head, 'latin1'), body));
    };
    const poll = (replyDeadlineMs: number) => this.#get(endpoint, query, replyDeadlineMs);
    if (input.connect !== undefined) {
      replies.push(await post(resolveBytes(connectPacket(input.connect), values)), await poll(CONNECT_DEADLINE_MS));
      if (input.connect === 'guest') await this.#renewIfRefused(replies.at(-1)?.toString('latin1'));
    }
    for (const { body, method, contentType, query: address } of input.posts) {
      await this.#take(1);
      replies.push(await post(resolveBytes(body, values), method, contentType, address));
    }
    replies.push(await poll(POLL_DEADLINE_MS));
    if (!input.isAbandoned) await post(Buffer.from('1'));
    return replies;
  }

  async #openPolling(endpoint: Endpoint): Promise<string> {
    await this.#take(1);
    const reply = await this.#get(endpoint, 'EIO=4&transport=polling', UPGRADE_DEADLINE_MS);
    return /"sid":"([^"]+)"/.exec(reply.toString('latin1'))?.[1] ?? 'none';
  }

  #get(endpoint: Endpoint, query: string, replyDeadlineMs: number): Promise<Buffer> {
    const head = `GET /socket.io/?${query} HTTP/1.1\r\nHost: ${this.#values.host}`;
    return exchange(endpoint, completeRequest(Buffer.from(head, 'latin1'), undefined), { replyDeadlineMs });
  }

  async #renewIfRefused(answer: string | undefined): Promise<void> {
    if (answer?.includes('44{"message":"UNAUTHENTICATED"')) this.#values = await this.#options.renewGuest();
  }

  #endpoint({ direct }: HostileInput): Endpoint {
    const { publicEndpoint, chatServers } = this.#options;
    if (!direct) return publicEndpoint;
    this.#direct += 1;
    return chatServers[this.#direct % chatServers.length] ?? publicEndpoint;
  }

  #take(count: number): Promise<void> {
    return this.#options.pace.take(count, this.#options.signal);
  }
}

function connectPacket(connect: NonNullable<WebSocketInput['connect']>): Bytes {
  if (connect === 'guest') return '40{"token":"{{token}}","takeover":true}';
  return typeof connect === 'string' ? `40${connect}` : connect;
}

function upgradeHead({ query = DEFAULT_QUERY, headers = [] }: WebSocketInput): string {
  const named = (name: string) => headers.some((header) => header.toLowerCase().startsWith(`${name}:`));
  const defaults = [
    ...[
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ],
  ].filter((header) => !named(header.slice(0, header.indexOf(':')).toLowerCase()));
  return `${[`GET /socket.io/?${query} HTTP/1.1`, 'Host: {{host}}', ...defaults, ...headers].join('\r\n')}\r\n\r\n`;
}
