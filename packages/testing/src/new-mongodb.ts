import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, describe } from '@jest/globals';
import { startServer } from './start-server.ts';

export type TestMongodb =
  /** `url` names a new database, which is dropped when the test file ends. */
  { readonly url: string } | { readonly url: undefined; readonly missing: string };

const MISSING =
  'no MongoDB: set MONGODB_URL, or put a mongod on PATH (https://www.mongodb.com/docs/manual/installation)';

/**
 * Provides a new database for one test file: on the server of `MONGODB_URL`, or else on a `mongod` from PATH, which it starts.
 * Without either, `missing` explains how to get one.
 */
export async function newMongodb(): Promise<TestMongodb> {
  if (process.env.MONGODB_URL) {
    const url = withDatabase(process.env.MONGODB_URL, `parley-test-${randomUUID()}`);
    // Not `atFileEnd`: the driver loads modules while it works.
    afterAll(() => dropDatabase(url));
    return { url };
  }
  const url = await startMongod();
  return url ? { url } : { url: undefined, missing: MISSING };
}

/** Defines a group of tests that need a MongoDB. Without one they are skipped, and the title says why. */
export function describeWithMongodb(title: string, mongodb: TestMongodb, tests: (url: string) => void): void {
  const { url } = mongodb;
  if (url === undefined) describe.skip(`${title} (skipped: ${mongodb.missing})`, () => tests('mongodb://missing'));
  else describe(title, () => tests(url));
}

/** Returns the URL of a database on a new server, or undefined if no `mongod` is on PATH. */
async function startMongod(): Promise<string | undefined> {
  if (spawnSync('mongod', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const { port } = await startServer({
    command: 'mongod',
    args: ({ port, directory }) => ['--port', String(port), '--bind_ip', '127.0.0.1', '--dbpath', directory],
    ping,
    startTimeoutMs: 60_000,
  });
  return `mongodb://127.0.0.1:${port}/parley-test`;
}

async function ping(port: number): Promise<void> {
  const client = await newClient(`mongodb://127.0.0.1:${port}`, 1_000);
  try {
    await client.db().command({ ping: 1 });
  } finally {
    await client.close();
  }
}

async function dropDatabase(url: string): Promise<void> {
  const client = await newClient(url, 30_000);
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

/** Imports the driver on first use, because it is slow to load and most test files do not need it. */
async function newClient(url: string, serverSelectionTimeoutMS: number) {
  const { MongoClient } = await import('mongodb');
  return new MongoClient(url, { serverSelectionTimeoutMS });
}

/** Replaces the database in the URL. Credentials are still checked against the database that the URL named. */
function withDatabase(url: string, database: string): string {
  const [, hosts = '', path = '', query = ''] = /^([^:]+:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url) ?? [];
  const parameters = new URLSearchParams(query);
  if (hosts.includes('@') && !parameters.has('authSource')) parameters.set('authSource', path || 'admin');
  return `${hosts}/${database}${parameters.size > 0 ? `?${parameters}` : ''}`;
}
