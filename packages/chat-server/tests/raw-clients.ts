import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { atFileEnd } from '@parley/testing';

/** An address of this machine beside 127.0.0.1, for clients that count as somebody else's. */
export const OTHER_ADDRESS = '127.0.0.2';

const SEPARATOR = '\x1e';

export interface RawReply {
  status: number;
  body: string;
}

interface RequestOptions {
  method?: string;
  body?: string;
  localAddress?: string;
  headers?: Record<string, string>;
}

const agents = new Map<string, Agent>();
atFileEnd(() => {
  for (const agent of agents.values()) agent.destroy();
});

function agentOf(localAddress: string): Agent {
  const agent = agents.get(localAddress) ?? new Agent({ keepAlive: true, localAddress });
  agents.set(localAddress, agent);
  return agent;
}

/** Makes an HTTP request from an address of this machine. */
export async function rawRequest(url: string, options: RequestOptions = {}): Promise<RawReply> {
  const { method = 'GET', body = '', localAddress = OTHER_ADDRESS, headers = {} } = options;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { method, agent: agentOf(localAddress), headers }, resolve)
      .on('error', reject)
      .end(body);
  });
  return { status: response.statusCode ?? 0, body: await text(response) };
}

/** A long-polling client that follows no rule. */
export class RawPoller {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async open(serverUrl: string): Promise<RawPoller> {
    const url = `${serverUrl}/socket.io/?EIO=4&transport=polling`;
    const { status, body } = await rawRequest(url);
    if (status !== 200) throw new Error(`refused: ${status} ${body}`);
    const { sid } = JSON.parse(body.slice(1)) as { sid: string };
    return new RawPoller(`${url}&sid=${sid}`);
  }

  get sid(): string {
    return new URL(this.#url).searchParams.get('sid') ?? '';
  }

  /** Posts packets such as `40` in one payload. */
  post(packets: readonly string[]): Promise<RawReply> {
    return rawRequest(this.#url, { method: 'POST', body: packets.join(SEPARATOR) });
  }

  /** Waits for packets. @returns one packet each; none if the connection is unknown */
  async poll(): Promise<string[]> {
    const { status, body } = await rawRequest(this.#url);
    return status === 200 ? body.split(SEPARATOR) : [];
  }

  /** Polls until a packet begins with `start`, and answers pings. */
  async until(start: string): Promise<string> {
    for (;;) {
      const packets = await this.poll();
      if (packets.length === 0) throw new Error(`closed before ${start}`);
      const found = packets.find((packet) => packet.startsWith(start));
      if (found !== undefined) return found;
      if (packets.includes('2')) await this.post(['3']);
    }
  }
}

const FRAMES_PER_WRITE = 10_000;

/** A WebSocket client that follows no rule. It records the texts that it receives. */
export class RawWebSocket {
  readonly received: string[] = [];
  isClosed = false;
  /** Whether it leaves a closing of the server unanswered. */
  ignoresClosing = false;
  readonly #socket: Socket;
  #unread = Buffer.alloc(0);

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk as Buffer));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
    this.#read(head);
    atFileEnd(() => socket.destroy());
  }

  /** @param query added to that of the handshake */
  static async open(serverUrl: string, query = ''): Promise<RawWebSocket> {
    const opened = await upgrade(serverUrl, query);
    if (opened instanceof RawWebSocket) return opened;
    throw new Error(`refused: ${opened.status} ${opened.body}`);
  }

  /** @internal */
  static from(socket: Socket, head: Buffer): RawWebSocket {
    return new RawWebSocket(socket, head);
  }

  /** Sends one text frame for each packet, all in one write. */
  send(packets: readonly string[], opcode = 0x81): void {
    this.#socket.write(Buffer.concat(packets.map((packet) => maskedFrame(packet, opcode))));
  }

  /** Sends a packet again and again. The frames are made once, because this process is also that of the server. */
  flood(packet: string, times: number): void {
    const frame = maskedFrame(packet, 0x81);
    const frames = Buffer.alloc(frame.length * FRAMES_PER_WRITE, frame);
    for (let sent = 0; sent < times; sent += FRAMES_PER_WRITE) this.#socket.write(frames);
  }

  /** The bytes that the connection took. The buffers of the operating system take some MB that the server does not read. */
  get bytesSent(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  ping(times: number): void {
    this.send(new Array<string>(times).fill('x'), 0x89);
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    for (;;) {
      const { length, header } = frameSize(this.#unread);
      if (this.#unread.length < header + length) return;
      if (this.#unread[0] === 0x88 && !this.ignoresClosing) this.#socket.end();
      if (this.#unread[0] === 0x81) this.received.push(this.#unread.toString('utf8', header, header + length));
      this.#unread = this.#unread.subarray(header + length);
    }
  }
}

/** Asks for a WebSocket. @returns the reply if it is refused */
export function upgrade(serverUrl: string, query = ''): Promise<RawWebSocket | RawReply> {
  return new Promise((resolve, reject) => {
    httpRequest(`${serverUrl}/socket.io/?EIO=4&transport=websocket${query}`, {
      localAddress: OTHER_ADDRESS,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      },
    })
      .on('upgrade', (_response, socket, head) => resolve(RawWebSocket.from(socket as Socket, head)))
      .on('response', (response) =>
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject),
      )
      .on('error', reject)
      .end();
  });
}

function maskedFrame(packet: string, opcode: number): Buffer {
  const payload = Buffer.from(packet);
  const short = payload.length < 126;
  const frame = Buffer.alloc((short ? 2 : 4) + 4 + payload.length); // the mask is zero
  frame[0] = opcode;
  frame[1] = 0x80 | (short ? payload.length : 126);
  if (!short) frame.writeUInt16BE(payload.length, 2);
  payload.copy(frame, frame.length - payload.length);
  return frame;
}

function frameSize(buffer: Buffer): { header: number; length: number } {
  if (buffer.length < 2) return { header: 2, length: 0 };
  const short = (buffer[1] ?? 0) & 0x7f;
  if (short < 126) return { header: 2, length: short };
  if (short === 126) return { header: 4, length: buffer.length < 4 ? 0 : buffer.readUInt16BE(2) };
  return { header: 10, length: buffer.length < 10 ? 0 : Number(buffer.readBigUInt64BE(2)) };
}
