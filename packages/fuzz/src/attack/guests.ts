import { setTimeout as pause } from 'node:timers/promises';
import type { PlaceholderValues } from '../inputs/placeholders.ts';
import { completeRequest, type Endpoint, exchange } from './exchange.ts';

/** The placeholders whose values are the same for all attackers. */
export type SharedValues = Omit<PlaceholderValues, 'token' | 'cookie' | 'sid' | 'self' | 'own'>;

const MAX_ATTEMPTS = 10;
const RETRY_MS = 1_000;

/** Signs up a guest from the attacker's address and creates its group with the victim. @throws Error if the cluster refuses */
export async function newAttackingGuest(endpoint: Endpoint, shared: SharedValues): Promise<PlaceholderValues> {
  const { body, cookie } = await post(endpoint, shared.host, '/api/auth/guest', { displayName: 'Mallory' });
  const { user, accessToken } = body as { user: { id: string }; accessToken: string };
  const group = await post(
    endpoint,
    shared.host,
    '/api/conversations',
    { kind: 'group', title: 'Open', memberIds: [shared.victim] },
    accessToken,
  );
  return {
    ...shared,
    ...{ token: accessToken, cookie, sid: '', self: user.id, own: (group.body as { id: string }).id },
  };
}

/** Sends a request until it succeeds: the cluster may be busy with the sign-ups of other attackers. */
async function post(endpoint: Endpoint, host: string, path: string, payload: object, token?: string) {
  const lines = [`POST ${path} HTTP/1.1`, `Host: ${host}`, 'Content-Type: application/json'];
  if (token) lines.push(`Authorization: Bearer ${token}`);
  const request = completeRequest(Buffer.from(lines.join('\r\n')), Buffer.from(JSON.stringify(payload)));
  for (let attempt = 1; ; attempt += 1) {
    const reply = (await exchange(endpoint, request)).toString('utf8');
    if (/^HTTP\/1\.1 20/.test(reply)) {
      return {
        body: JSON.parse(reply.slice(reply.indexOf('{'), reply.lastIndexOf('}') + 1)) as unknown,
        cookie: /set-cookie: (refresh=[^;]+)/i.exec(reply)?.[1] ?? '',
      };
    }
    if (attempt === MAX_ATTEMPTS) throw new Error(`POST ${path}: ${reply.slice(0, 300) || 'no reply'}`);
    await pause(RETRY_MS);
  }
}
