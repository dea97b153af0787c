import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultKind } from '@parley/load-kit/faults';
import { describeWithMongodb, eventually, newMongodb, newRedis } from '@parley/testing';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { type FaultyLink, MIN_SLOW_MS, openLink } from '../src/faults/faulty-link.ts';
import { singleHostOf } from '../src/faults/mongodb-url.ts';
import { findToxiproxy, NO_TOXIPROXY, Toxiproxy } from '../src/faults/toxiproxy.ts';

/** A server behind a link, with access to it through the link and bypassing it. */
interface Subject {
  link: FaultyLink;
  /** Sends a request through the link on a persistent connection. */
  ask(): Promise<unknown>;
  /** Writes through the link without a retry. */
  write(key: string): Promise<unknown>;
  /** Fails unless the key was written. The read bypasses the link. */
  isWritten(key: string): Promise<void>;
  close(): Promise<unknown>;
}

const program = await findToxiproxy();
const redis = await newRedis();
const mongodb = await newMongodb();
let toxiproxy: Toxiproxy;

async function newRedisSubject(name = 'redis-link'): Promise<Subject> {
  const link = await openLink(toxiproxy, { name, group: 'redis', upstream: `127.0.0.1:${redis.port}` });
  const client = new Redis(`redis://${link.address}`, {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 20,
  });
  client.on('error', () => undefined);
  return {
    link,
    ask: () => client.ping(),
    write: (key) => client.set(key, 'written'),
    isWritten: async (key) => expect(await redis.client.get(key)).toBe('written'),
    close: async () => client.disconnect(),
  };
}

async function newMongodbSubject(url: string): Promise<Subject> {
  const host = singleHostOf(url);
  if (!host) throw new Error(`MONGODB_URL must name a single host: ${url}`);
  const link = await openLink(toxiproxy, { name: 'mongodb-link', group: 'store', upstream: host.address });
  const client = new MongoClient(host.urlAt(link.address), { retryReads: false, retryWrites: false, maxPoolSize: 1 });
  const direct = new MongoClient(url);
  const keys = (from: MongoClient) => from.db().collection<{ _id: string }>('keys');
  return {
    link,
    ask: () => keys(client).findOne({ _id: 'none' }),
    write: (key) => keys(client).insertOne({ _id: key }),
    isWritten: async (key) => expect(await keys(direct).findOne({ _id: key })).toEqual({ _id: key }),
    close: () => Promise.all([client.close(), direct.close()]),
  };
}

async function injectInto({ link }: Subject, kind: FaultKind) {
  const heal = await link.faultTarget.inject(kind, 1);
  if (!heal) throw new Error(`${link.faultTarget.name} cannot fail now`);
  return heal;
}

async function askedForMs({ ask }: Subject): Promise<number> {
  const startedAt = performance.now();
  await ask();
  return performance.now() - startedAt;
}

const isQuick = async (subject: Subject) => expect(await askedForMs(subject)).toBeLessThan(MIN_SLOW_MS);

/** Opens a bare TCP connection. */
const openConnection = async ({ link }: Subject) => {
  const { hostname, port } = new URL(`tcp://${link.address}`);
  const socket = createConnection(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
};

function testLink(newSubject: () => Promise<Subject>): void {
  let subject: Subject;
  beforeAll(async () => {
    subject = await newSubject();
  });
  afterAll(() => subject?.close());

  test('adds no delay without a fault', () => eventually(() => isQuick(subject)));

  test('slow delays each reply until it is healed', async () => {
    const heal = await injectInto(subject, 'slow');
    for (let asked = 0; asked < 3; asked += 1) {
      expect(await askedForMs(subject)).toBeGreaterThanOrEqual(MIN_SLOW_MS - 1);
    }
    await heal();
    await eventually(() => isQuick(subject));
  });

  test('black-hole passes writes on and drops their replies; healing closes the connections', async () => {
    await subject.ask();
    const heal = await injectInto(subject, 'black-hole');
    const outcome = subject.write('swallowed').then(
      () => 'answered',
      () => 'connection lost',
    );
    await eventually(() => subject.isWritten('swallowed'));
    await heal();
    expect(await outcome).toBe('connection lost');
    await eventually(subject.ask);
  });

  test('cut closes open connections and refuses new ones until it is healed', async () => {
    const open = await openConnection(subject);
    const closed = once(open, 'close');
    const heal = await injectInto(subject, 'cut');
    await closed;
    await expect(openConnection(subject)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await heal();
    await eventually(subject.ask);
  });
}

const suite = program ? describe : describe.skip;
suite(program ? 'through toxiproxy' : `through toxiproxy (skipped: ${NO_TOXIPROXY})`, () => {
  beforeAll(async () => {
    toxiproxy = await Toxiproxy.start(program ?? '');
  });
  afterAll(() => toxiproxy?.stop());

  describe('the link to Redis', () => testLink(newRedisSubject));

  describeWithMongodb('the link to MongoDB', mongodb, (url) => testLink(() => newMongodbSubject(url)));

  test('a fault affects one link only', async () => {
    const [broken, whole] = [await newRedisSubject('broken'), await newRedisSubject('whole')];
    const heal = await injectInto(broken, 'cut');
    await expect(openConnection(broken)).rejects.toThrow();
    await whole.ask();
    await heal();
    await Promise.all([broken.close(), whole.close()]);
  });
});
