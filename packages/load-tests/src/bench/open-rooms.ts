import type { CrowdOptions } from '../generator/commands.ts';
import { signToken } from '../generator/parley-dialect.ts';
import { createConversation } from '../load/rest.ts';
import type { Contender } from './contender.ts';

/** Rooms of this size for so many clients; Parley's are channels, which have to be there. */
export async function openRooms(
  { name, address, dialect }: Contender,
  clients: number,
  roomSize: number,
): Promise<Pick<CrowdOptions, 'rooms' | 'roomSize'>> {
  const url = `http://${address.host}:${address.port}`;
  const rooms: string[] = [];
  for (let index = 0; index < Math.ceil(clients / roomSize); index += 1) {
    if (dialect.kind === 'plain') rooms.push(`room-${index}`);
    else {
      const owner = { token: signToken(dialect.secret, 'bench') };
      rooms.push(await createConversation(url, owner, { kind: 'channel', title: `${name} ${index}` }));
    }
  }
  return { rooms, roomSize };
}
