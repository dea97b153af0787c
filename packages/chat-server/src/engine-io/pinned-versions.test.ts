import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** The versions whose private parts this folder relies on. */
const VERIFIED = { 'socket.io': '4.8.4', 'engine.io': '6.6.12', ws: '8.21.3' };

/** The parts to read again in a new version before its number goes into `VERIFIED`. */
const TO_VERIFY = `
socket.io   Client#writeToEngine(encodedPackets, opts): takes [text, ...attachments] and calls conn.write for each (write-packets.ts)
            Socket#client, Socket#handshake; handshake is not read after the connection event (client-connection.ts)
engine.io   Socket#readyState, #writeBuffer, #transport, #request; transport.name, .writable, .socket;
            Socket emits "packet" for every packet, then examines its type, and ignores "noop" (connect-packet.ts)
            Socket emits "upgrade" after the change of the transport, and "upgrading" for every probe
            request._query is set before the middlewares run, and decides about handshakes (session-id.ts)
            Server#clients; polling transport #onData(payload), #closeTimeout (bounded-polling.ts)
            a second POST while one is read is an error of the connection
            packet options preEncoded and wsPreEncodedFrame; packet type "message" = "4"
            a transport is writable only when its last write is complete (write-packets.ts)
ws          WebSocket#_socket, #readyState, #bufferedAmount, #pause, #resume, #isPaused, #terminate;
            emits "ping" and "pong"; at most 16,384 fragments in a message (packet-flow.ts)
            without perMessageDeflate send() writes to _socket at once, with no queue of its own
node:net    Socket#emit carries "end", "error" and "close" (close-in-slices.ts)
Then run the tests of this package and npm run bench -- fanout.`;

/** Resolves a dependency the way Node does with pnpm's layout: beside the package that depends on it. */
const beside = (directory: string, name: string) => realpathSync(join(directory, '..', name));

function installedVersions(): Record<string, string> {
  const socketIo = realpathSync(join(import.meta.dirname, '../../node_modules/socket.io'));
  const engineIo = beside(socketIo, 'engine.io');
  const directories = { 'socket.io': socketIo, 'engine.io': engineIo, ws: beside(engineIo, 'ws') };
  return Object.fromEntries(
    Object.entries(directories).map(([name, directory]) => {
      const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
      return [name, manifest.version];
    }),
  );
}

test('the installed Socket.IO, Engine.IO and ws are the versions whose private parts were verified', () => {
  const installed = installedVersions();
  const advice = JSON.stringify(installed) === JSON.stringify(VERIFIED) ? '' : TO_VERIFY;
  expect({ installed, advice }).toEqual({ installed: VERIFIED, advice: '' });
});

test('no other folder names a private part of Socket.IO, Engine.IO or ws', () => {
  const PRIVATE_PART =
    /writeToEngine|writeBuffer|bufferedAmount|wsPreEncodedFrame|closeTimeout|onData|_query|'noop'|transport\.socket|\._socket|\.socket\?\./;
  const src = join(import.meta.dirname, '..');
  const offenders = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('engine-io/'))
    .filter((file) => PRIVATE_PART.test(readFileSync(join(src, file), 'utf8')));
  expect(offenders).toEqual([]);
});
