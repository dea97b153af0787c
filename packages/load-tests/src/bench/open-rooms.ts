import { pause } from '@parley/service-kit';
import type { CrowdOptions } from '../generator/commands.ts';
import { signToken } from '../generator/parley-dialect.ts';
import type { Contender } from './contender.ts';

const CALL_DEADLINE_MS = 30_000;
/** A cluster that has just started may not answer everything at once. */
const MOST_TRIES = 20;
const RETRY_MS = 500;

/** Rooms of this size for so many clients; Parley's are channels, which have to be there. */
export async function openRooms(
  { name, address, dialect }: Contender,
  clients: number,
  roomSize: number,
): Promise<Pick<CrowdOptions, 'rooms' | 'roomSize'>> {
  const rooms: string[] = [];
  for (let index = 0; index < Math.ceil(clients / roomSize); index += 1) {
    if (dialect.kind === 'plain') rooms.push(`room-${index}`);
    else rooms.push(await createChannel(`http://${address.host}:${address.port}`, dialect.secret, `${name} ${index}`));
  }
  return { rooms, roomSize };
}

async function createChannel(url: string, secret: string, title: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(`${url}/api/conversations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${signToken(secret, 'bench')}` },
      body: JSON.stringify({ kind: 'channel', title }),
      signal: AbortSignal.timeout(CALL_DEADLINE_MS),
    });
    if (response.ok) return ((await response.json()) as { id: string }).id;
    const text = await response.text();
    if (response.status !== 503 || tries === MOST_TRIES) throw new Error(`no channel: ${response.status} ${text}`);
    await pause(RETRY_MS);
  }
}
