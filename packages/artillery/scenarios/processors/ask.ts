import type { ErrorBody } from '@parley/protocol';
import type { Socket } from 'socket.io-client';
import { failed, nowMs, succeeded } from './measure.ts';

export type Answer<T> = (T & { ok: true }) | ({ ok: false; code: string } & Partial<Omit<ErrorBody, 'code'>>);

const ACK_DEADLINE_MS = 10_000;

/** Asks and measures. Never rejects: no answer in time is `NO_ANSWER`. (Artillery's own `emit` would wait forever.) */
export async function ask<T>(socket: Socket, event: string, payload: object): Promise<Answer<T>> {
  const askedAtMs = nowMs();
  try {
    const answer = (await socket.timeout(ACK_DEADLINE_MS).emitWithAck(event, payload)) as Answer<T>;
    if (answer.ok) succeeded(event, nowMs() - askedAtMs, JSON.stringify(answer).length);
    else failed(event, answer.code);
    return answer;
  } catch {
    failed(event, 'NO_ANSWER');
    return { ok: false, code: 'NO_ANSWER' };
  }
}
