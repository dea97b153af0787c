import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LimitExceeded } from '@parley/service-kit';
import { Pacer } from './pacer.ts';

const LONG_ENOUGH_MS = 30_000;
/** Requests that a caller may make at once. */
const FREE = 4;

function newPacer(hostCpu = 0.5, timesOthers = 0) {
  const onDelayed = jest.fn();
  return {
    pacer: new Pacer({
      free: { atOnce: FREE, perSecond: 10 },
      activeMs: 10_000,
      timesOthers,
      hostCpu: { current: hostCpu },
      onDelayed,
      onRefused: undefined,
    }),
    onDelayed,
  };
}

/** Makes requests at once. @returns the callers in the order of their turns */
function requestAll(pacer: Pacer, callers: readonly string[]): string[] {
  const done: string[] = [];
  for (const caller of callers) {
    const turn = pacer.turn(caller);
    if (turn) void turn.then(() => done.push(caller));
    else done.push(caller);
  }
  return done;
}

describe('Pacer', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('delays nobody who is alone', () => {
    const { pacer, onDelayed } = newPacer();
    expect(requestAll(pacer, Array(1_000).fill('busy'))).toHaveLength(1_000);
    expect(onDelayed).not.toHaveBeenCalled();
  });

  it('delays a busy caller while another is active, and the other not at all', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    const done = requestAll(pacer, Array(100).fill('busy'));
    expect(done).toHaveLength(FREE);
    expect(pacer.turn('quiet')).toBeUndefined();
    await jest.advanceTimersByTimeAsync(100);
    expect(done.length).toBeGreaterThan(FREE + 1);
    expect(done.length).toBeLessThan(20);
    await jest.advanceTimersByTimeAsync(LONG_ENOUGH_MS);
    expect(done).toHaveLength(100);
  });

  it('no longer delays a busy caller when the others have gone', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    await jest.advanceTimersByTimeAsync(11_000);
    expect(requestAll(pacer, Array(100).fill('busy'))).toHaveLength(100);
  });

  it('is free again for a caller that was quiet for a while', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    requestAll(pacer, Array(100).fill('busy'));
    await jest.advanceTimersByTimeAsync(5_000);
    expect(pacer.turn('busy')).toBeUndefined();
  });

  it('delays no caller that is about as busy as the others', () => {
    const { pacer, onDelayed } = newPacer(0.5, 2);
    const callers = ['a', 'b', 'c', 'd'];
    expect(requestAll(pacer, Array(100).fill(callers).flat())).toHaveLength(400);
    expect(onDelayed).not.toHaveBeenCalled();
    requestAll(pacer, Array(200).fill('a'));
    expect(onDelayed.mock.calls.length).toBeGreaterThan(50);
    expect(pacer.turn('b')).toBeUndefined();
  });

  it('keeps the order of the requests of a caller', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    const done: number[] = [];
    const request = (number: number, cost = 1) =>
      void (pacer.turn('busy', { cost }) ?? Promise.resolve()).then(() => done.push(number));
    request(0, FREE);
    request(1);
    void pacer.turn('other', { cost: 2 * FREE });
    void pacer.turn('other', { cost: 100 }); // 2 s
    request(2);
    await jest.advanceTimersByTimeAsync(1_000);
    // Its cost is free again, and an earlier request still waits.
    request(3);
    expect(done).not.toContain(2);
    await jest.advanceTimersByTimeAsync(LONG_ENOUGH_MS);
    expect(done).toEqual([0, 1, 2, 3]);
  });

  it('lets waiting requests pass when the others have gone', async () => {
    const { pacer } = newPacer(0.95);
    void pacer.turn('quiet');
    const done = requestAll(pacer, Array(2_000).fill('busy'));
    await jest.advanceTimersByTimeAsync(9_000);
    expect(done.length).toBeLessThan(1_000);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(done).toHaveLength(2_000);
  });

  it('gives busy callers their turns alternately', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    const done = requestAll(pacer, [...Array(FREE + 3).fill('a'), ...Array(FREE + 3).fill('b')]);
    await jest.advanceTimersByTimeAsync(LONG_ENOUGH_MS);
    // Nobody else waited when the first one of `a` began to wait.
    expect(done).toEqual([...Array(FREE).fill('a'), ...Array(FREE).fill('b'), 'a', 'a', 'b', 'a', 'b', 'b']);
  });

  it('waits for longer after a request with a higher cost', async () => {
    const cheap = newPacer().pacer;
    const costly = newPacer().pacer;
    const counts = await Promise.all(
      [
        { pacer: cheap, cost: 1 },
        { pacer: costly, cost: 4 },
      ].map(async ({ pacer, cost }) => {
        void pacer.turn('quiet');
        let done = 0;
        for (let index = 0; index < 100; index += 1) void pacer.turn('busy', { cost })?.then(() => (done += 1));
        await jest.advanceTimersByTimeAsync(150);
        return done;
      }),
    );
    expect(counts[0]).toBeGreaterThan(2 * (counts[1] ?? 0));
  });

  it('waits hardly at all on an idle machine, and longest on a busy one', async () => {
    const counts: number[] = [];
    for (const hostCpu of [0.1, 0.5, 0.95]) {
      const { pacer } = newPacer(hostCpu);
      void pacer.turn('quiet');
      const done = requestAll(pacer, Array(300).fill('busy'));
      await jest.advanceTimersByTimeAsync(250);
      counts.push(done.length - FREE);
    }
    const [idle = 0, loaded = 0, busy = 0] = counts;
    expect(idle).toBeGreaterThan(200);
    expect(loaded).toBeLessThan(100);
    expect(busy).toBeLessThan(loaded);
    expect(busy).toBeGreaterThan(10);
  });

  it('spends no time on requests whose clients are gone', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    requestAll(pacer, Array(FREE).fill('busy'));
    for (let index = 0; index < 1_000; index += 1) void pacer.turn('busy', { isGone: () => true });
    let isDone = false;
    void pacer.turn('busy')?.then(() => {
      isDone = true;
    });
    await jest.advanceTimersByTimeAsync(50);
    expect(isDone).toBe(true);
  });

  it('refuses what would wait for too long', async () => {
    const { pacer } = newPacer();
    void pacer.turn('quiet');
    requestAll(pacer, Array(FREE).fill('busy'));
    void pacer.turn('busy', { cost: 10_000 }); // 200 s
    const refused = expect(pacer.turn('busy')).rejects.toThrow(LimitExceeded);
    await jest.advanceTimersByTimeAsync(LONG_ENOUGH_MS);
    await refused;
  });
});
