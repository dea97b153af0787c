import { randomBytes } from 'node:crypto';

/** The part of RFC 6455 that a load generator needs. Servers send complete, unmasked frames. Clients must mask theirs. */
export const OPCODES = { text: 1, close: 8, ping: 9, pong: 10 } as const;

const NO_BYTES = Buffer.alloc(0);
const END_OF_HEAD = '\r\n\r\n';
const MASK_BYTES = 4;

export type OnFrame = (opcode: number, buffer: Buffer, start: number, end: number) => void;

export const upgradeRequest = (host: string, path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    END_OF_HEAD.slice(2),
  ].join('\r\n');

/** Returns a masked frame. The masking key is zero, which the RFC allows and which leaves the payload unchanged. */
export function encodeFrame(opcode: number, payload: string | Buffer): Buffer {
  const size = Buffer.byteLength(payload);
  const headSize = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.alloc(headSize + MASK_BYTES + size);
  frame[0] = 0x80 | opcode;
  if (headSize === 2) frame[1] = 0x80 | size;
  else if (headSize === 4) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  if (typeof payload === 'string') frame.write(payload, headSize + MASK_BYTES);
  else payload.copy(frame, headSize + MASK_BYTES);
  return frame;
}

/**
 * Splits the bytes of a connection into the response to the upgrade and frames. A frame that one read contains completely is passed
 * on without a copy.
 */
export class FrameReader {
  #isUpgraded = false;
  #rest: Buffer = NO_BYTES;
  #restSize = 0;

  /**
   * @param chunk may be reused after the call
   * @throws Error when the upgrade is refused or a server may not send such a frame
   */
  read(chunk: Buffer, size: number, onFrame: OnFrame): void {
    let buffer = chunk;
    let end = size;
    if (this.#restSize > 0) {
      this.#append(chunk, size);
      buffer = this.#rest;
      end = this.#restSize;
    }
    let at = 0;
    if (!this.#isUpgraded) {
      at = this.#passHead(buffer, end);
      if (at === 0) {
        this.#keep(buffer, 0, end);
        return;
      }
    }
    while (end - at >= 2) {
      const first = buffer[at] ?? 0;
      const short = buffer[at + 1] ?? 0;
      let start = at + 2;
      let payloadSize = short;
      if (short === 126) {
        if (end - at < 4) break;
        payloadSize = buffer.readUInt16BE(start);
        start += 2;
      } else if (short === 127) {
        if (end - at < 10) break;
        payloadSize = Number(buffer.readBigUInt64BE(start));
        start += 8;
      } else if (short > 127) throw new Error('the server masked a frame');
      if ((first & 0x80) === 0) throw new Error('the server sent a fragment');
      if (start + payloadSize > end) break;
      at = start + payloadSize;
      onFrame(first & 0x0f, buffer, start, at);
    }
    this.#keep(buffer, at, end);
  }

  #passHead(buffer: Buffer, end: number): number {
    const head = buffer.toString('latin1', 0, end);
    const headEnd = head.indexOf(END_OF_HEAD);
    if (headEnd < 0) return 0;
    const statusLine = head.slice(0, head.indexOf('\r\n'));
    if (!statusLine.startsWith('HTTP/1.1 101')) throw new Error(`upgrade refused: ${statusLine.slice(9)}`);
    this.#isUpgraded = true;
    return headEnd + END_OF_HEAD.length;
  }

  #append(chunk: Buffer, size: number): void {
    const needed = this.#restSize + size;
    if (this.#rest.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#rest.length));
      this.#rest.copy(larger, 0, 0, this.#restSize);
      this.#rest = larger;
    }
    chunk.copy(this.#rest, this.#restSize, 0, size);
    this.#restSize = needed;
  }

  #keep(buffer: Buffer, at: number, end: number): void {
    if (buffer === this.#rest) {
      if (at > 0) this.#rest.copyWithin(0, at, end);
      this.#restSize = end - at;
    } else {
      this.#restSize = 0;
      if (at < end) this.#append(buffer.subarray(at, end), end - at);
    }
  }
}
