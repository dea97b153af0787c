import type { AsyncApiDocument } from './asyncapi/document.ts';
import { CLIENT_EVENTS, SERVER_EVENTS } from './asyncapi/events.ts';
import { clientEventPart, handshakePart, serverEventPart } from './asyncapi/parts.ts';
import { schemasNeededBy } from './asyncapi/schemas.ts';
import { CONTRACT_VERSION } from './contract-document.ts';

export type { AsyncApiDocument } from './asyncapi/document.ts';

const DESCRIPTION =
  'Live messages over Socket.IO: any v4 client works, with the default path and parser, over polling or WebSocket. ' +
  'Every client event takes one payload and an ack. The ack of success has `ok: true`. The ack of failure has `ok: false`, ' +
  'a `code`, a `message` for people, and whether and when to try again. `docs/errors.md` lists the codes.';

/** Returns the Socket.IO contract as an AsyncAPI 3 document, made of the schemas that the servers validate with. */
export function asyncApiDocument(): AsyncApiDocument {
  const parts = [
    handshakePart(),
    ...Object.entries(CLIENT_EVENTS).map(([name, event]) => clientEventPart(name, event)),
    ...Object.entries(SERVER_EVENTS).map(([name, event]) => serverEventPart(name, event)),
  ];
  const messages = Object.fromEntries(parts.flatMap((part) => Object.entries(part.messages)));
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Parley Socket.IO API',
      version: CONTRACT_VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: 'localhost:8080',
        pathname: '/socket.io/',
        protocol: 'ws',
        description: 'The public address of a local cluster, with Socket.IO at the default path',
      },
    },
    channels: {
      socket: {
        address: '/',
        title: 'Default namespace',
        description: 'All events of a session',
        servers: [{ $ref: '#/servers/local' }],
        messages,
      },
    },
    operations: Object.fromEntries(parts.map(({ operation }) => [`${operation.action}.${operation.title}`, operation])),
    components: { schemas: schemasNeededBy(messages) },
  };
}
