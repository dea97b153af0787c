import { pause } from '@parley/service-kit';
import type { Recorder } from '../events/recorder.ts';
import type { FaultKind, PlannedFault, TargetDescription } from './plan-faults.ts';

/** Something that can be made to fail. */
export interface FaultTarget extends TargetDescription {
  /**
   * Makes it fail, and resolves with what heals it again; with undefined where it can't fail right now, such as a
   * process that is just being started.
   */
  inject(kind: FaultKind, seed: number): Promise<(() => void | Promise<void>) | undefined>;
}

export interface FaultInjection {
  /** How many were carried out so far. */
  readonly done: number;
  /** Resolves when all were carried out and healed. */
  readonly finished: Promise<void>;
  /** Lets no further one begin, and heals those that last. */
  stop(): Promise<void>;
}

/** How long a fault waits for its target to be there. */
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** Carries out a plan, from now on; each fault that was carried out is on record with the time that it took. */
export function injectFaults(
  plan: readonly PlannedFault[],
  faultTargets: readonly FaultTarget[],
  options: { recorder: Recorder; report: (line: string) => void },
): FaultInjection {
  const { recorder, report } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const startedAt = performance.now();
  let done = 0;

  async function one({ atMs, kind, target: { name }, durationMs, seed }: PlannedFault): Promise<void> {
    await pause(Math.max(0, startedAt + atMs - performance.now()), signal);
    const target = faultTargets.find((candidate) => candidate.name === name);
    const givesUpAt = performance.now() + PATIENCE_MS;
    while (!signal.aborted && performance.now() < givesUpAt) {
      const begunAtMs = recorder.nowMs();
      const heal = await target?.inject(kind, seed);
      if (!heal) {
        await pause(LOOK_EVERY_MS, signal);
        continue;
      }
      done += 1;
      report(`fault: ${kind} ${name}${durationMs > 0 ? ` for ${durationMs} ms` : ''}`);
      if (durationMs > 0) await pause(durationMs, signal);
      await heal();
      const endedAtMs = durationMs > 0 ? recorder.nowMs() : begunAtMs;
      recorder.faults.push({ kind, target: name, atMs: begunAtMs, endedAtMs });
      return;
    }
    if (!signal.aborted) report(`fault left out: ${kind} ${name}, which was not there`);
  }

  const finished = Promise.all(plan.map(one)).then(() => undefined);
  return {
    get done() {
      return done;
    },
    finished,
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}
