import { type HostileCase, type HostileInput, utf8 } from './hostile-input.ts';

/** Attacks that no generator finds by chance. */
export const HAND_MADE: readonly HostileCase[] = [
  {
    id: 'deep-json',
    title: 'JSON that is nested deeper than a recursive parser goes',
    inputs: [
      {
        kind: 'request',
        head: 'POST /api/conversations HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {{token}}\r\nContent-Type: application/json',
        body: { repeat: '[', times: 60_000 },
      },
      {
        kind: 'websocket',
        connect: 'guest',
        frames: [{ payload: utf8(`42["away",${'['.repeat(9_000)}${']'.repeat(9_000)}]`) }],
      },
      { kind: 'websocket', connect: utf8(`{"token":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`), frames: [] },
    ],
  },
  {
    id: 'unknown-acks',
    title: 'acks of events that the server never sent',
    inputs: [
      {
        kind: 'websocket',
        connect: 'guest',
        frames: [{ payload: '43{{lobby}}[]' }, { payload: '431[{"ok":true}]', times: 1_000 }],
      },
    ],
  },
  {
    id: 'half-requests',
    title: 'requests whose rest never comes',
    inputs: [
      '',
      'Content-Length: 60000',
      'Transfer-Encoding: chunked',
      'Expect: 100-continue\r\nContent-Length: 5',
    ].flatMap((header) =>
      ['/api/auth/guest', '/socket.io/?EIO=4&transport=polling'].map((path) => ({
        kind: 'request' as const,
        head: `POST ${path} HTTP/1.1\r\nHost: {{host}}\r\n${header}`,
        body: '{',
        isComplete: true,
      })),
    ),
  },
  {
    id: 'another-user',
    title: 'a private group of others is read, written and joined',
    inputs: [
      ...['messages', 'messages?after=0&limit=200', 'receipts'].map((part) =>
        privateRequest('GET', `/api/conversations/{{private}}/${part}`),
      ),
      privateRequest('GET', '/api/messages/{{message}}/trace'),
      privateRequest('GET', '/api/search?q=private&conversationId={{private}}'),
      privateRequest('PATCH', '/api/conversations/{{private}}', '{"title":"mine"}'),
      privateRequest('POST', '/api/conversations/{{private}}/members', '{"memberIds":["{{self}}"]}'),
      privateRequest('DELETE', '/api/conversations/{{private}}/members/{{victim}}'),
      {
        kind: 'websocket',
        connect: 'guest',
        forbidden: ['431[{"ok":true', '432[{"ok":true', '433[{"ok":true'],
        frames: [
          { payload: '421["conversation:join",{"conversationId":"{{private}}"}]' },
          { payload: '422["messages:since",{"cursors":[{"conversationId":"{{private}}","afterSeq":0}]}]' },
          {
            payload:
              '423["message:send",{"conversationId":"{{private}}","clientMessageId":"a","kind":"text","text":"a"}]',
          },
        ],
      },
    ],
  },
];

/** A call with the attacker's own token that must not succeed. */
function privateRequest(method: string, path: string, body?: string): HostileInput {
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: {{host}}',
    'Authorization: Bearer {{token}}',
    'Content-Type: application/json',
  ];
  return { kind: 'request', head: head.join('\r\n'), ...(body && { body }), forbidden: ['HTTP/1.1 20'] };
}
