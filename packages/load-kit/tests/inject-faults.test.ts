import { expect, test } from '@jest/globals';
import { Recorder } from '../src/events/recorder.ts';
import { type FaultTarget, injectFaults } from '../src/faults/inject-faults.ts';
import type { PlannedFault } from '../src/faults/plan-faults.ts';

/** A target that records its faults. The first `absences` injections find it unavailable. */
function newFaultTarget(name: string, absences = 0) {
  const state = { isFaulty: false, faults: 0 };
  const target: FaultTarget = {
    name,
    group: name,
    kinds: ['kill', 'freeze'],
    async inject() {
      absences -= 1;
      if (absences >= 0) return undefined;
      state.isFaulty = true;
      state.faults += 1;
      return () => {
        state.isFaulty = false;
      };
    },
  };
  return { state, target };
}

const fault = (target: FaultTarget, fields: Partial<PlannedFault>): PlannedFault => ({
  ...{ atMs: 0, kind: 'freeze', target, durationMs: 30, seed: 1 },
  ...fields,
});

test('each fault is injected at its time, healed, and recorded with its duration', async () => {
  const recorder = new Recorder();
  const [a, b] = [newFaultTarget('a'), newFaultTarget('b')];
  const plan = [fault(a.target, {}), fault(b.target, { atMs: 10, kind: 'kill', durationMs: 0 })];
  const run = injectFaults(plan, [a.target, b.target], { recorder, report: () => undefined });
  await run.finished;
  expect(run.done).toBe(2);
  expect([a.state, b.state]).toEqual([
    { isFaulty: false, faults: 1 },
    { isFaulty: false, faults: 1 },
  ]);
  const [kill, freeze] = ['kill', 'freeze'].map((kind) => recorder.faults.find((fault) => fault.kind === kind));
  expect(kill).toMatchObject({ kind: 'kill', target: 'b' });
  expect(kill?.endedAtMs).toBe(kill?.atMs);
  expect(freeze).toMatchObject({ kind: 'freeze', target: 'a' });
  expect((freeze?.endedAtMs ?? 0) - (freeze?.atMs ?? 0)).toBeGreaterThanOrEqual(29);
});

test('a fault waits until its target can fail', async () => {
  const recorder = new Recorder();
  const { state, target } = newFaultTarget('late', 2);
  const run = injectFaults([fault(target, {})], [target], { recorder, report: () => undefined });
  await run.finished;
  expect(state).toEqual({ isFaulty: false, faults: 1 });
  expect(recorder.faults).toHaveLength(1);
});

test('a fault is tried again if its target did not answer in time', async () => {
  const recorder = new Recorder();
  const { state, target } = newFaultTarget('slow');
  let calls = 0;
  const slow: FaultTarget = {
    ...target,
    async inject(kind, seed) {
      calls += 1;
      if (calls === 1) throw new Error('Command timed out');
      return target.inject(kind, seed);
    },
  };
  const reports: string[] = [];
  await injectFaults([fault(slow, {})], [slow], { recorder, report: (line) => reports.push(line) }).finished;
  expect(state).toEqual({ isFaulty: false, faults: 1 });
  expect(recorder.faults).toHaveLength(1);
  expect(reports[0]).toMatch(/Command timed out/);
});

test('stop heals active faults and starts no further one', async () => {
  const [now, later] = [newFaultTarget('now'), newFaultTarget('later')];
  const plan = [fault(now.target, { durationMs: 60_000 }), fault(later.target, { atMs: 60_000 })];
  const lines: string[] = [];
  const broken = Promise.withResolvers<void>();
  const report = (line: string) => {
    lines.push(line);
    broken.resolve();
  };
  const run = injectFaults(plan, [now.target, later.target], { recorder: new Recorder(), report });
  await broken.promise;
  expect(now.state.isFaulty).toBe(true);
  await run.stop();
  expect(now.state.isFaulty).toBe(false);
  expect(later.state.faults).toBe(0);
  expect(lines).toEqual(['fault: freeze now for 60000 ms']);
});

test('a fault that loses data of Redis, and the processes that it kills, are recorded', async () => {
  const recorder = new Recorder();
  const target: FaultTarget = {
    ...{ name: 'redis-data', group: 'redis', kinds: ['slow-fsync'] },
    async inject(_kind, _seed, onKill) {
      return () => onKill?.('message-worker-1');
    },
  };
  await injectFaults([fault(target, { kind: 'slow-fsync' })], [target], { recorder, report: () => undefined }).finished;
  expect(recorder.faults).toMatchObject([{ losesRedisData: true, killed: ['message-worker-1'] }]);
});
