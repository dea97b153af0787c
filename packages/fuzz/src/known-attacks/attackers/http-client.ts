import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Endpoint } from '../../attack/exchange.ts';

const CALL_DEADLINE_MS = 15_000;
const MAX_CONNECTIONS = 256;
const RETRY_MS = 500;
const MAX_ATTEMPTS = 60;

export interface HttpReply {
  /** 0 = the connection failed, or there was no answer in time. */
  readonly status: number;
  readonly text: string;
}

interface HttpCall {
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Sent as it is. */
  readonly payload?: string;
}

/** Makes HTTP requests from one address, over connections that are kept. */
export class HttpClient {
  readonly #endpoint: Endpoint;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  call(method: 'GET' | 'POST', path: string, { token, body, payload }: HttpCall = {}): Promise<HttpReply> {
    const content = body ? JSON.stringify(body) : payload;
    return new Promise((resolve) => {
      const fail = (error: NodeJS.ErrnoException) => resolve({ status: 0, text: error.code ?? error.message });
      const sent = request(
        {
          ...this.#endpoint,
          ...{ method, path, agent: this.#agent, timeout: CALL_DEADLINE_MS },
          headers: {
            ...(content !== undefined && { 'Content-Length': Buffer.byteLength(content) }),
            ...(content !== undefined && { 'Content-Type': body ? 'application/json' : 'text/plain;charset=UTF-8' }),
            ...(token && { Authorization: `Bearer ${token}` }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
          );
          response.on('error', fail);
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', fail);
      sent.end(content);
    });
  }

  /** Repeats a call of the preparation until it succeeds. @throws Error if it keeps failing */
  async callUntilDone<T>(method: 'GET' | 'POST', path: string, call: HttpCall): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const { status, text } = await this.call(method, path, call);
      if (status >= 200 && status < 300) return JSON.parse(text) as T;
      if (attempt === MAX_ATTEMPTS) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
      await pause(RETRY_MS);
    }
  }
}

/** Runs tasks until the signal aborts or `max` were started, `parallel` of them at a time. @param limits.while no more if it is false */
export async function repeat(
  { parallel, max, signal, ...limits }: { parallel: number; max: number; signal: AbortSignal; while?: () => boolean },
  task: (worker: number) => Promise<void>,
): Promise<void> {
  let left = max;
  const work = async (worker: number) => {
    while (left > 0 && !signal.aborted && (limits.while?.() ?? true)) {
      left -= 1;
      await task(worker);
    }
  };
  await Promise.all(Array.from({ length: parallel }, (_, worker) => work(worker)));
}
