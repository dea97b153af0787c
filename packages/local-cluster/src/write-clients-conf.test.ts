import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';
import { workspacePath } from './workspace.ts';

const directory = await newTemporaryDirectory();

/** Runs the program with these settings and no others. */
const write = (env: Record<string, string>) =>
  promisify(execFile)(
    process.execPath,
    [workspacePath('packages/local-cluster/src/write-clients-conf.ts'), directory],
    {
      env: { PATH: process.env.PATH, ...env },
    },
  );

test('a container without settings has safe limits and trusts no proxy', async () => {
  await write({});
  const conf = readFileSync(join(directory, 'clients.conf'), 'utf8');
  for (const zone of ['connections', 'requests', 'handshakes']) expect(conf).toContain(`zone=${zone}:`);
  expect(conf).not.toContain('set_real_ip_from');
});

test('settings replace the defaults, and 0 switches a limit off', async () => {
  await write({ TRUSTED_PROXIES: '10.0.0.7', HTTP_CONNECTIONS_PER_ADDRESS: '0', HTTP_REQUESTS_PER_SECOND: '7' });
  const conf = readFileSync(join(directory, 'clients.conf'), 'utf8');
  expect(conf).toContain('set_real_ip_from 10.0.0.7;');
  expect(conf).toContain('rate=7r/s');
  expect(conf).not.toContain('limit_conn');
});

test('a wrong setting is refused with one line', async () => {
  const failure = await write({ TRUSTED_PROXIES: '10.0.0.7; root /;' }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 78, stderr: expect.stringMatching(/^TRUSTED_PROXIES is "[^\n]*\n$/) });
});
