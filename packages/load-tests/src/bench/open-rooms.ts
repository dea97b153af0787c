import type { CrowdOptions } from '../generator/commands.ts';
import { signToken } from '../generator/parley-dialect.ts';
import type { Contender } from './contender.ts';

const CALL_DEADLINE_MS = 30_000;

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
  const response = await fetch(`${url}/api/conversations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${signToken(secret, 'bench')}` },
    body: JSON.stringify({ kind: 'channel', title }),
    signal: AbortSignal.timeout(CALL_DEADLINE_MS),
  });
  if (!response.ok) throw new Error(`no channel: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}
