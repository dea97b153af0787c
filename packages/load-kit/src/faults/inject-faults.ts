import { pause } from '@parley/service-kit';
import type { Recorder } from '../events/recorder.ts';
import { type FaultKind, faultTraits, type PlannedFault, type TargetDescription } from './plan-faults.ts';

/** A part of the system under test in which faults can be injected. */
export interface FaultTarget extends TargetDescription {
  /**
   * Injects a fault and resolves with the function that heals it. Resolves with undefined if the target cannot fail right now,
   * for example a process that is being restarted. Rejects if it did not answer in time; then nothing has to be healed.
   *
   * @param onKill called with the name of each process that is killed as a part of the fault
   */
  inject(
    kind: FaultKind,
    seed: number,
    onKill?: (processName: string) => void,
  ): Promise<(() => void | Promise<void>) | undefined>;
}

export interface FaultInjection {
  /** Number of faults injected so far. */
  readonly done: number;
  /** Resolves when all faults were injected and healed. */
  readonly finished: Promise<void>;
  /** Starts no further fault and heals those that are active. */
  stop(): Promise<void>;
}

/** How long a fault waits for a target that cannot fail right now. */
const TARGET_DEADLINE_MS = 30_000;
const RETRY_MS = 100;

/**
 * Injects the planned faults, starting now. Each injected fault is recorded with its start and end.
 *
 * @param options.signal stops the injection, as `stop` does
 */
export function injectFaults(
  plan: readonly PlannedFault[],
  faultTargets: readonly FaultTarget[],
  options: { recorder: Recorder; report: (line: string) => void; signal?: AbortSignal },
): FaultInjection {
  const { recorder, report } = options;
  const stopping = new AbortController();
  const signal = options.signal ? AbortSignal.any([stopping.signal, options.signal]) : stopping.signal;
  const startedAt = performance.now();
  let done = 0;

  async function injectOne({ atMs, kind, target: { name }, durationMs, seed }: PlannedFault): Promise<void> {
    await pause(Math.max(0, startedAt + atMs - performance.now()), signal);
    const target = faultTargets.find((candidate) => candidate.name === name);
    const deadline = performance.now() + TARGET_DEADLINE_MS;
    while (!signal.aborted && performance.now() < deadline) {
      const injectedAtMs = recorder.nowMs();
      const killed: string[] = [];
      const onKill = (processName: string) => void killed.push(processName);
      const heal = await target?.inject(kind, seed, onKill).catch((error: Error) => {
        report(`fault delayed: ${kind} ${name}: ${error.message}`);
        return undefined;
      });
      if (!heal) {
        await pause(RETRY_MS, signal);
        continue;
      }
      done += 1;
      report(`fault: ${kind} ${name}${durationMs > 0 ? ` for ${durationMs} ms` : ''}`);
      if (durationMs > 0) await pause(durationMs, signal);
      await heal();
      const endedAtMs = durationMs > 0 ? recorder.nowMs() : injectedAtMs;
      const { losesRedisData, isTakenOver } = faultTraits(kind);
      recorder.faults.push({
        ...{ kind, target: name, atMs: injectedAtMs, endedAtMs },
        ...(losesRedisData && { losesRedisData }),
        ...(isTakenOver && { isTakenOver }),
        ...(killed.length > 0 && { killed }),
      });
      return;
    }
    if (!signal.aborted) report(`fault skipped: ${kind} ${name}, the target was not available`);
  }

  const finished = Promise.all(plan.map(injectOne)).then(() => undefined);
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
