import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { Generator, machineNowMs } from '@parley/load-kit/generator';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { drain, measureLoad } from '../src/measure-load.ts';
import { openRooms } from '../src/open-rooms.ts';
import { startParley } from '../src/start-parley.ts';
import { startPlain } from '../src/start-plain.ts';
import type { SystemUnderTest } from '../src/system-under-test.ts';

const DEADLINE_MS = 300_000;
const CLIENTS = 60;
const PLAN = { perSecond: 100, senders: 30, warmUpMs: 1_500, measureMs: 3_000, drainMs: 60_000 } as const;
const { signal } = new AbortController();

const directory = await newTemporaryDirectory();
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (let stop = stops.pop(); stop; stop = stops.pop()) await stop();
}, DEADLINE_MS);

async function newSystem(name: 'parley' | 'plain'): Promise<SystemUnderTest> {
  const start = name === 'parley' ? startParley : startPlain;
  const system = await start({ nodes: 2, directory: join(directory, randomUUID()), signal });
  stops.push(() => system.stop());
  return system;
}

async function newGenerator(system: SystemUnderTest, { reconnects = false } = {}): Promise<Generator> {
  const generator = new Generator(2);
  stops.push(() => generator.close());
  await generator.connect({
    ...{ address: system.address, adapter: system.adapter },
    ...{ clients: CLIENTS, connectsInFlight: 5, reconnects },
    ...(await openRooms(system, CLIENTS, CLIENTS / 2)),
  });
  return generator;
}

test.each(['parley', 'plain'] as const)(
  'each client of %s receives each message of its room once and in order',
  async (name) => {
    const system = await newSystem(name);
    // Parley may refuse messages for a moment on a slow machine. Plain Socket.IO never does.
    const generator = await newGenerator(system, { reconnects: name === 'parley' });
    const load = await measureLoad(system, generator, PLAN, signal);
    expect(load).toMatchObject({ lost: 0, repeated: 0, late: 0, unacked: 0, closed: 0 });
    const { ready, sent, acked, received } = await generator.report();
    expect({ ready, acked }).toEqual({ ready: CLIENTS, acked: sent });
    expect(sent).toBeGreaterThan(200);
    expect(received).toBe((sent * CLIENTS) / 2);
    expect(load.p50Ms).toBeGreaterThan(0);
    expect(load.cpu.byName.generator).toBeGreaterThan(0);
    expect(load.systemCpuPerMillion).toBeGreaterThan(0);
  },
  DEADLINE_MS,
);

test(
  'disconnected clients reconnect and fetch missed messages',
  async () => {
    const system = await newSystem('parley');
    const generator = await newGenerator(system, { reconnects: true });
    const startMs = machineNowMs();
    const load = { perSecond: 100, senders: CLIENTS, startMs, endMs: startMs + 6_000, textCharacters: 90 };
    await generator.sendAtRate(load);
    await eventually(async () => expect((await generator.report()).acked).toBeGreaterThan(50), DEADLINE_MS);
    system.cutClients();
    await eventually(async () => {
      const { closed, ready } = await generator.report();
      expect(Object.values(closed).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(CLIENTS);
      expect(ready).toBe(CLIENTS);
    }, DEADLINE_MS);
    await eventually(() => expect(machineNowMs()).toBeGreaterThan(load.endMs + 200));
    const { after, lost } = await drain(generator, 60_000, signal);
    expect({ lost, acked: after.acked, late: after.late }).toEqual({
      lost: 0,
      acked: after.sent,
      late: expect.any(Number),
    });
    expect(after.sent).toBeGreaterThan(500);
  },
  DEADLINE_MS,
);

test('a closed generator rejects commands', async () => {
  const generator = new Generator(1);
  const closed = generator.close();
  await expect(generator.report()).rejects.toThrow('the generator is closed');
  await closed;
});
