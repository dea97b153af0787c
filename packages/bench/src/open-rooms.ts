import { createConversation } from '@parley/load-kit/clients';
import type { ClientPoolOptions } from '@parley/load-kit/generator';
import { signToken } from '@parley/load-kit/generator';
import type { SystemUnderTest } from './system-under-test.ts';

/** Returns rooms of a given size for all clients. For Parley it creates channels. */
export async function openRooms(
  { name, address, adapter }: SystemUnderTest,
  clients: number,
  roomSize: number,
): Promise<Pick<ClientPoolOptions, 'rooms' | 'roomSize'>> {
  const url = `http://${address.host}:${address.port}`;
  const rooms: string[] = [];
  for (let index = 0; index < Math.ceil(clients / roomSize); index += 1) {
    if (adapter.kind === 'plain') rooms.push(`room-${index}`);
    else {
      const owner = { token: signToken(adapter.secret, 'bench') };
      rooms.push(await createConversation(url, owner, { kind: 'channel', title: `${name} ${index}` }));
    }
  }
  return { rooms, roomSize };
}
