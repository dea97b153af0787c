import { randomUUID } from 'node:crypto';
import type { ErrorBody, Refused, SignedIn, UserId } from '@parley/protocol';
import { io, type Socket } from 'socket.io-client';
import { REQUEST_DEADLINE_MS } from './observed.ts';

export interface RegisteredUser {
  readonly userId: UserId;
  readonly token: string;
  readonly username: string;
  readonly password: string;
}

export async function register(url: string): Promise<RegisteredUser> {
  const [username, password] = [`healthy-${randomUUID()}`, randomUUID()];
  const response = await fetch(`${url}/api/auth/register`, requestOf({ body: { username, password } }));
  if (!response.ok) throw new Error(`register: ${response.status} ${await response.text()}`);
  const { user, accessToken } = (await response.json()) as SignedIn;
  return { userId: user.id, token: accessToken, username, password };
}

/** Logs in. @returns the access token, or undefined if it is refused or fails */
export async function logIn(url: string, { username, password }: RegisteredUser): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/api/auth/login`, requestOf({ body: { username, password } }));
    return response.ok ? ((await response.json()) as SignedIn).accessToken : undefined;
  } catch {
    return undefined;
  }
}

interface ApiCall {
  readonly token?: string;
  readonly body?: object;
}

/** Makes a REST call. @returns the code of the refusal, or undefined if it succeeded */
export async function callApi(url: string, path: string, call: ApiCall): Promise<string | undefined> {
  const response = await fetch(`${url}${path}`, requestOf(call));
  const text = await response.text();
  if (response.ok) return undefined;
  try {
    return (JSON.parse(text) as ErrorBody).code;
  } catch {
    return `status ${response.status}`;
  }
}

const requestOf = ({ token, body }: ApiCall): RequestInit => ({
  method: body ? 'POST' : 'GET',
  headers: {
    ...(body && { 'content-type': 'application/json' }),
    ...(token && { authorization: `Bearer ${token}` }),
  },
  ...(body && { body: JSON.stringify(body) }),
  signal: AbortSignal.timeout(REQUEST_DEADLINE_MS),
});

/** A refused connection: the message is its code. */
export interface ConnectError extends Error {
  readonly data?: ErrorBody;
}

/** Connects and says hello. @throws ConnectError */
export async function connectSession(
  url: string,
  token: string,
  { reconnects, waitTicket }: { reconnects: boolean; waitTicket?: string | undefined },
): Promise<Socket> {
  const socket = io(url, {
    auth: { token, deviceId: 'healthy', ...(waitTicket && { waitTicket }) },
    transports: ['websocket'],
    forceNew: true,
    reconnection: reconnects,
    timeout: REQUEST_DEADLINE_MS,
  });
  const hello = async () =>
    (await socket.timeout(REQUEST_DEADLINE_MS).emitWithAck('session:hello', { timezone: 'UTC' })) as
      | { ok: true }
      | Refused;
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('connect_error', reject);
    });
    const ack = await hello();
    if (!ack.ok) throw new Error(ack.code);
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  if (reconnects) socket.on('connect', () => void hello().catch(() => undefined)); // an unanswered one shows in later requests
  return socket;
}
