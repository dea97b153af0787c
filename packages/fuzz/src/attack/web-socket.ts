import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameReader, OPCODES } from '@parley/load-kit/generator';
import type { Endpoint } from './exchange.ts';

const PONG = encodeFrame(OPCODES.text, '3');
const ACCEPTED = 'HTTP/1.1 101';
const MAX_RECEIVED_BYTES = 4_194_304;

/** A WebSocket that keeps what it receives, and over which any bytes can be sent. */
export class AttackSocket {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #isOpen = true;
  #settleUpgrade: (isUpgraded: boolean) => void = () => undefined;
  readonly #waiting = new Set<{ texts: readonly string[]; found: (text: string | undefined) => void }>();

  constructor(endpoint: Endpoint, request: Buffer) {
    const socket = connect({ ...endpoint, noDelay: true });
    this.#socket = socket;
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => undefined); // the server resets connections, and `close` follows
    socket.on('close', () => {
      this.#isOpen = false;
      this.#settleUpgrade(false);
      for (const { found } of this.#waiting) found(undefined);
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Everything that was received, with the response to the upgrade. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** Waits for the response to the upgrade. @returns whether it was accepted in time */
  async isUpgraded(deadlineMs: number): Promise<boolean> {
    if (this.#receivedBytes > 0 || !this.#isOpen) return this.#isAccepted();
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), deadlineMs);
      this.#settleUpgrade = (isUpgraded) => {
        clearTimeout(timer);
        resolve(isUpgraded);
      };
    });
  }

  /** Waits until a packet begins with one of the texts. @returns the packet, or undefined when the connection ended or time is up */
  waitFor(texts: readonly string[], deadlineMs: number): Promise<string | undefined> {
    if (!this.#isOpen) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiting = {
        texts,
        found: (text: string | undefined) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(text);
        },
      };
      const timer = setTimeout(() => waiting.found(undefined), deadlineMs);
      this.#waiting.add(waiting);
    });
  }

  /** Writes bytes, and waits while the connection takes no more. */
  async write(bytes: Buffer, deadlineMs: number): Promise<void> {
    if (!this.#isOpen || this.#socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      const done = () => {
        clearTimeout(timer);
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#receivedBytes < MAX_RECEIVED_BYTES) this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    this.#settleUpgrade(this.#isAccepted());
    if (!this.#isAccepted()) return;
    try {
      this.#reader.read(chunk, chunk.length, this.#onFrame);
    } catch {
      this.#socket.destroy(); // the server sent what no server may send, and no further frame can be found
    }
  }

  #isAccepted(): boolean {
    return this.#received[0]?.toString('latin1', 0, ACCEPTED.length) === ACCEPTED;
  }

  readonly #onFrame = (opcode: number, buffer: Buffer, start: number, end: number): void => {
    if (opcode !== OPCODES.text) return;
    const text = buffer.toString('utf8', start, end);
    if (text === '2') this.#socket.write(PONG);
    for (const waiting of this.#waiting) {
      if (waiting.texts.some((begin) => text.startsWith(begin))) waiting.found(text);
    }
  };
}
