import { readFileSync } from 'node:fs';
import { workspacePath } from '@parley/local-cluster';
import fc from 'fast-check';
import { type HostileInput, utf8 } from '../hostile-input.ts';
import { hostileString, hostileValue } from '../hostile-values.ts';
import { type Definitions, type JsonSchema, valuesOf } from '../schema-values.ts';

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: JsonSchema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Definitions };
}

/** The calls of the API reference: a new route is attacked as soon as it is documented. */
const document = JSON.parse(readFileSync(workspacePath('docs/openapi.json'), 'utf8')) as OpenApi;
const { schemas } = document.components;

/** Their rivals are the guests of the run: a log-out would only end the attack. */
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

const CONTENT_TYPES = [
  ...['application/json', 'application/json; charset=utf-8', 'application/json; charset=utf-7', 'APPLICATION/JSON'],
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=',
    'application/merge-patch+json',
    '',
  ],
];

/** Bodies that are no JSON, or hardly. */
const BROKEN_BODIES = [
  ...[
    '{',
    '[',
    '"',
    '{"a":1,}',
    "{'a':1}",
    '{"a":NaN}',
    '\ufeff{}',
    '{"kind":"group"}{"kind":"group"}',
    'null',
    '0',
    '""',
    '[]',
  ],
  ...['{"kind":"group","kind":"direct"}', '{"a":"\\ud800"}', '{"__proto__":{"kind":"channel"}}'],
];
const INVALID_UTF8 = [
  '\xff\xfe{"a":1}',
  '{"title":"\xc0\xaf","kind":"group"}',
  '{"title":"\xed\xa0\x80","kind":"group"}',
];

const brokenBody: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...BROKEN_BODIES).map(utf8),
  fc.constantFrom(...INVALID_UTF8),
  fc.constantFrom('[', '{"a":', '[[],').map((open) => open.repeat(9_000)),
  fc.string({ unit: 'binary', maxLength: 200 }).map(utf8),
);

const inPath = (value: unknown) =>
  encodeURIComponent((typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed()).replace(
    /%7B%7B(\w+)%7D%7D/g,
    '{{$1}}',
  );

function requestsOf({ path, method, operation }: (typeof operations)[number]): fc.Arbitrary<HostileInput> {
  const parameters = (operation.parameters ?? []).map(({ in: place, name, schema }) =>
    fc.tuple(fc.constant(place), fc.constant(name), valuesOf(schema, schemas)),
  );
  const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const validBody = schema
    ? valuesOf(schema, schemas).map((value) => utf8(JSON.stringify(value) ?? ''))
    : fc.constant('');
  return fc
    .record({
      parameters: fc.tuple(...parameters),
      more: fc.option(fc.tuple(hostileString, hostileValue), { freq: 6 }),
      body: fc.oneof({ weight: 5, arbitrary: validBody }, { weight: 1, arbitrary: brokenBody }),
      contentType: fc.oneof(
        { weight: 6, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom(...CONTENT_TYPES) },
      ),
      method: fc.oneof(
        { weight: 9, arbitrary: fc.constant(method) },
        { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'POST', 'GET') },
      ),
      isSignedIn: fc.integer({ min: 0, max: 9 }),
      isDirect: fc.integer({ min: 0, max: 4 }),
    })
    .map((parts) => {
      let address = path;
      const query: string[] = [];
      for (const [place, name, value] of parts.parameters) {
        if (place === 'path') address = address.replace(`{${name}}`, inPath(value));
        if (place === 'query' && value !== undefined) query.push(`${name}=${inPath(value)}`);
      }
      if (parts.more) query.push(`${inPath(parts.more[0])}=${inPath(parts.more[1])}`);
      const hasBody = schema !== undefined || (parts.method !== 'GET' && parts.method !== 'HEAD');
      const lines = [
        `${parts.method} ${address}${query.length > 0 ? `?${query.join('&')}` : ''} HTTP/1.1`,
        'Host: {{host}}',
        ...(parts.isSignedIn > 0 ? ['Authorization: Bearer {{token}}'] : []),
        ...(hasBody ? [`Content-Type: ${parts.contentType}`] : []),
      ];
      return {
        kind: 'request',
        head: lines.join('\r\n'),
        ...(hasBody && { body: parts.body }),
        ...(parts.isDirect === 0 && { direct: true }),
      };
    });
}

/** REST calls of every documented route. */
export const restRequests: fc.Arbitrary<HostileInput> = fc.oneof(...operations.map(requestsOf));
