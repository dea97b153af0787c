import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, describe } from '@jest/globals';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { newTemporaryDirectory } from './temporary-directory.ts';

export type TestMongodb =
  /** `url` names a new database, which ends with the test file. */
  { readonly url: string } | { readonly url: undefined; readonly missing: string };

const MISSING =
  'no MongoDB: set MONGODB_URL, or put a mongod on PATH (https://www.mongodb.com/docs/manual/installation)';

/**
 * A database of its own for one test file, called at its top level: on the server of `MONGODB_URL` where that is set, else on a
 * `mongod` from PATH, started on a free port. Where neither is there, `missing` says so and how to get one.
 */
export async function newMongodb(): Promise<TestMongodb> {
  if (process.env.MONGODB_URL) {
    const url = withDatabase(process.env.MONGODB_URL, `parley-test-${randomUUID()}`);
    afterAll(() => dropDatabase(url));
    return { url };
  }
  const url = await startMongod();
  return url ? { url } : { url: undefined, missing: MISSING };
}

/** A group of tests that need a MongoDB; skipped, with the reason in its title, where there is none. */
export function describeWithMongodb(title: string, mongodb: TestMongodb, tests: (url: string) => void): void {
  const { url } = mongodb;
  if (url === undefined) describe.skip(`${title} (skipped: ${mongodb.missing})`, () => tests('mongodb://missing'));
  else describe(title, () => tests(url));
}

/** @returns the URL of a database, undefined where there is none on PATH */
async function startMongod(): Promise<string | undefined> {
  if (spawnSync('mongod', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const port = await freePort();
  let server: ChildProcess | undefined;
  // Before the directory's own hook: hooks run in this order.
  afterAll(() => stop(server));
  const directory = await newTemporaryDirectory();
  server = spawn('mongod', ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', directory], {
    stdio: 'ignore',
  });
  const url = `mongodb://127.0.0.1:${port}`;
  const client = await newClient(url, 1_000);
  try {
    await eventually(() => client.db().command({ ping: 1 }), 60_000);
  } finally {
    await client.close();
  }
  return `${url}/parley-test`;
}

async function stop(server: ChildProcess | undefined): Promise<void> {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGKILL');
  await once(server, 'exit');
}

async function dropDatabase(url: string): Promise<void> {
  const client = await newClient(url, 30_000);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

/** Most test files can do without the driver. */
async function newClient(url: string, serverSelectionTimeoutMS: number) {
  const { MongoClient } = await import('mongodb');
  return new MongoClient(url, { serverSelectionTimeoutMS });
}

/** The URL with another database; who logs in still does so where the URL said. */
function withDatabase(url: string, database: string): string {
  const [, hosts = '', path = '', query = ''] = /^([^:]+:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  if (hosts.includes('@') && !parameters.has('authSource')) parameters.set('authSource', path || 'admin');
  return `${hosts}/${database}${parameters.size > 0 ? `?${parameters}` : ''}`;
}
