import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ERROR_CATALOGUE } from '@parley/protocol';
import { readConfig } from '@parley/service-kit';
import { ChatServerSettings } from '../../chat-server/src/config.ts';
import { clusterSettings } from '../../local-cluster/src/settings.ts';
import { MessageWorkerSettings } from '../../message-worker/src/config.ts';
import { PresenceServiceSettings } from '../../presence-service/src/config.ts';
import { configurationDocument } from '../src/configuration-document.ts';
import { envExample } from '../src/env-example.ts';
import { errorsDocument } from '../src/errors-document.ts';
import { metricsDocument } from '../src/metrics-document.ts';

const SCHEMAS = [clusterSettings(false), ChatServerSettings, MessageWorkerSettings, PresenceServiceSettings];
const settings = [...new Set(SCHEMAS.flatMap((schema) => Object.keys(schema.shape)))];
const compose = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');

/** The assignments of an environment file, by name; one that is commented out counts too. */
const assignments = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/^(?:# )?([A-Z][A-Z_\d]*)=(.*)$/gm)].map(([, name = '', value]) => [name, value]),
  );

test('.env.example and docs/configuration.md have every setting', () => {
  expect(Object.keys(assignments(envExample()))).toEqual(expect.arrayContaining(settings));
  const headings = [...configurationDocument().matchAll(/^### `(.+)`$/gm)].map(([, name]) => name);
  expect(headings.sort()).toEqual(settings.sort());
});

test('.env.example and docs/configuration.md have every variable of docker-compose.yml', () => {
  const variables = [...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name);
  expect(variables.length).toBeGreaterThan(5);
  const example = envExample();
  const document = configurationDocument();
  expect(variables.filter((name) => !(name in assignments(example)))).toEqual([]);
  expect(variables.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
});

test.each([false, true])(
  'the values of .env.example change no default of npm start, in production: %s',
  (production) => {
    const secret = { JWT_SECRET: 'a secret of more than thirty-two characters' };
    const given = { ...assignments(envExample()), ...secret };
    const schema = clusterSettings(production);
    expect(readConfig(schema, given)).toEqual(readConfig(schema, secret));
  },
);

test('docs/metrics.md lists the label values of a metric', () => {
  expect(metricsDocument()).toContain('| `chat_presence_packets_total` | counter | `kind`: `changes`, `counts` |');
});

test('docs/errors.md has each code of the catalogue with its HTTP status and whether to retry', () => {
  const rows = [...errorsDocument().matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (yes|no) \| [^|]+\. \| [^|]+\. \|$/gm)];
  expect(rows.map(([, code, status, retryable]) => [code, Number(status), retryable === 'yes'])).toEqual(
    Object.entries(ERROR_CATALOGUE).map(([code, { status, retryable }]) => [code, status, retryable]),
  );
});
