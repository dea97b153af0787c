import type { ErrorBody } from '@parley/protocol';
import type { Socket } from 'socket.io-client';
import { nowMs, recordFailure, recordSuccess } from './measure.ts';

export type Reply<T> = (T & { ok: true }) | ({ ok: false; code: string } & Partial<Omit<ErrorBody, 'code'>>);

const ACK_DEADLINE_MS = 10_000;

/** Asks and measures. Never rejects: no answer in time is `NO_ANSWER`. (Artillery's own `emit` would wait forever.) */
export async function request<T>(socket: Socket, event: string, payload: object): Promise<Reply<T>> {
  const askedAtMs = nowMs();
  try {
    const answer = (await socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, payload)) as Reply<T>;
    if (answer.ok) recordSuccess(event, nowMs() - askedAtMs, JSON.stringify(answer).length);
    else recordFailure(event, answer.code);
    return answer;
  } catch {
    recordFailure(event, 'NO_ANSWER');
    return { ok: false, code: 'NO_ANSWER' };
  }
}
