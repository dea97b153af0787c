import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultKind, FaultTarget } from '@parley/load-kit/faults';
import { canMoveClock, MovableClock } from '@parley/load-kit/redis-servers';
import { LogFiles, startProcessGuard } from '@parley/local-cluster';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { CACHED_CLOCK, NO_FAKETIME, redisTargets } from '../src/faults/redis-targets.ts';
import { whyNoSlowFsync } from '../src/redis/delay-fsync.ts';
import { type RedisMode, type RedisRig, startRedisRig } from '../src/redis/redis-rig.ts';

const home = await newTemporaryDirectory();
const guard = startProcessGuard();
const logs = new LogFiles(home, () => undefined);
const supervision = { logs, guard, report: () => undefined, changed: () => undefined };
/** How long the disk is slow before Redis is killed. */
const SLOW_MS = 2_500;
/** How often the disk may be slow until Redis loses something. */
const MAX_SLOW_ROUNDS = 5;
const killed: string[] = [];

afterAll(async () => {
  await logs.close();
  guard.close();
});

async function start(mode: RedisMode) {
  const directory = join(home, mode);
  mkdirSync(directory);
  const clock = canMoveClock ? new MovableClock(directory, CACHED_CLOCK) : undefined;
  const rig = await startRedisRig(mode, { directory, clock, maxMemoryMb: 64, supervision });
  const noSlowFsync = await whyNoSlowFsync(rig.servers[0]?.pid ?? 0, guard);
  const targets = redisTargets({
    ...{ rig, clock, guard, canDelayFsync: !noSlowFsync },
    ...{ workers: ['message-worker-1'], chatServers: ['chat-server-1'] },
    kill(name) {
      killed.push(name);
      return true;
    },
  });
  return { rig, clock, targets, noSlowFsync };
}

async function inject(targets: readonly FaultTarget[], kind: FaultKind) {
  const target = targets.find(({ kinds }) => kinds.includes(kind));
  if (!target) throw new Error(`no target for ${kind}`);
  return eventually(async () => {
    const heal = await target.inject(kind, 0);
    if (!heal) throw new Error('not now');
    return heal;
  });
}

const single = await start('single');
const slowFsync = single.noSlowFsync ? test.skip : test;
const clockBack = single.clock ? test : test.skip;

describe('a single Redis', () => {
  const { rig, targets } = single;
  afterAll(() => rig.stop());

  /** Appends to a list while the disk is slow, until Redis was killed. @returns how many writes were acknowledged */
  async function writeDuringSlowFsync(): Promise<number> {
    const master = await rig.masterOf('');
    const heal = await inject(targets, 'slow-fsync');
    killed.length = 0;
    let acked = 0;
    let isHealed = false;
    const writing = (async () => {
      while (!isHealed) {
        // A write without an answer may be there or not.
        acked += await master.admin.rpush('list', 'x').then(
          () => 1,
          () => 0,
        );
        await pause(5);
      }
    })();
    await pause(SLOW_MS);
    await heal();
    isHealed = true;
    await writing;
    return acked;
  }

  const admin = async () => (await rig.masterOf('')).admin;

  test('lose-tail loses what was written during the fault, and nothing else', async () => {
    const redis = await admin();
    await redis.set('before', '1');
    const heal = await inject(targets, 'lose-tail');
    await redis.set('tail', '1');
    await heal();
    expect(await redis.mget('before', 'tail')).toEqual(['1', null]);
  });

  test('a kill loses nothing', async () => {
    const redis = await admin();
    await redis.set('kept', '1');
    await (await inject(targets, 'kill'))();
    expect(await redis.get('kept')).toBe('1');
  });

  test('one fault is active at a time', async () => {
    const heal = await inject(targets, 'freeze');
    const other = targets.find(({ kinds }) => kinds.includes('lose-tail'));
    expect(await other?.inject('lose-tail', 0)).toBeUndefined();
    await heal();
    await (await inject(targets, 'lose-tail'))();
  });

  test('full refuses writes until it is healed', async () => {
    const redis = await admin();
    const heal = await inject(targets, 'full');
    await expect(redis.set('more', 'x'.repeat(100_000))).rejects.toThrow('OOM');
    await heal();
    await redis.set('more', 'x');
  });

  slowFsync(
    `slow-fsync${single.noSlowFsync ? ` (skipped: ${single.noSlowFsync})` : ''} loses writes that were acknowledged, and kills a worker`,
    async () => {
      const master = await rig.masterOf('');
      let lost = 0;
      // Redis loses something only if it is killed while a write waits for the slow fsync.
      for (let round = 1; lost === 0 && round <= MAX_SLOW_ROUNDS; round += 1) {
        const before = await master.admin.llen('list');
        lost = before + (await writeDuringSlowFsync()) - (await master.admin.llen('list'));
        expect(killed).toEqual(['message-worker-1']);
      }
      expect(lost).toBeGreaterThan(0);
    },
  );

  clockBack(
    `clock-back${single.clock ? '' : ` (skipped: ${NO_FAKETIME})`} sets the clock back by an hour and kills a chat server`,
    async () => {
      const redis = await admin();
      const seconds = async () => Number(((await redis.call('TIME')) as string[])[0]);
      const before = await seconds();
      killed.length = 0;
      await (await inject(targets, 'clock-back'))();
      expect(before - (await seconds())).toBeGreaterThan(3_500);
      expect(killed).toEqual(['chat-server-1']);
    },
  );
});

describe.each(['sentinel', 'cluster'] as const)('%s', (mode) => {
  let rig: RedisRig;
  let targets: readonly FaultTarget[];
  beforeAll(async () => {
    ({ rig, targets } = await start(mode));
  });
  afterAll(() => rig?.stop());

  test.each(['kill-master', 'freeze-master', 'failover'] as const)(
    '%s ends when another server is the master',
    async (kind) => {
      const key = rig.shardKeys[0] ?? '';
      const before = await rig.masterOf(key);
      const heal = await inject(targets, kind);
      await heal();
      expect((await rig.masterOf(key)).name).not.toBe(before.name);
      await eventually(async () => expect(await rig.isSettled()).toBe(true));
    },
  );
});

test('the files of a Redis stay in the directory of the run', () => {
  expect(existsSync(join(home, 'single/redis-servers/redis/appendonlydir'))).toBe(true);
  expect(readFileSync(join(home, 'single/redis-servers/redis/redis.log'), 'utf8')).toContain(
    'Ready to accept connections',
  );
});
