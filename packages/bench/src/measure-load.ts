import type { Generator, Observation } from '@parley/load-kit/generator';
import { machineNowMs } from '@parley/load-kit/generator';
import { pause } from '@parley/service-kit';
import { type CpuUse, cpuBetween, type NamedProcess, readCpu } from './process-cpu.ts';
import type { SystemUnderTest } from './system-under-test.ts';

/** The load continues for this time after the measurement, so that its end does not affect it. */
const TAIL_MS = 300;
const START_DELAY_MS = 50;
const POLL_INTERVAL_MS = 100;

export interface LoadPlan {
  /** Messages per second of all clients together. */
  readonly perSecond: number;
  readonly senders: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Deadline for messages in flight after the load. A message that arrives later is lost. */
  readonly drainMs: number;
}

/** Results of a load, measured between warm-up and end. */
export interface LoadResult {
  readonly perSecond: number;
  /** Deliveries per second of messages sent in the measured period. */
  readonly deliveriesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly lost: number;
  readonly repeated: number;
  readonly late: number;
  readonly refused: number;
  readonly unacked: number;
  readonly closed: number;
  /** CPU seconds per million deliveries by process name, including `generator`. */
  readonly cpuPerMillion: Readonly<Record<string, number>>;
  /** CPU seconds per million deliveries of all processes except the generator. */
  readonly systemCpuPerMillion: number;
  readonly cpu: CpuUse;
  readonly maxSendDelayMs: number;
}

/** The length of an ordinary chat message. */
const TEXT_CHARACTERS = 90;

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Returns all processes whose CPU is counted. */
export const allProcesses = (system: SystemUnderTest, generator: Generator): NamedProcess[] => [
  ...system.processes,
  ...generator.pids.map((pid) => ({ name: 'generator', pid })),
];

/** Sends at a fixed rate, measures, and waits until every acked message has arrived at every client, at most `drainMs`. */
export async function measureLoad(
  system: SystemUnderTest,
  generator: Generator,
  plan: LoadPlan,
  signal: AbortSignal,
): Promise<LoadResult> {
  const before = await generator.report();
  const startMs = machineNowMs() + START_DELAY_MS;
  const fromMs = startMs + plan.warmUpMs;
  const toMs = fromMs + plan.measureMs;
  const endMs = toMs + TAIL_MS;
  const { perSecond, senders } = plan;
  await generator.observe(fromMs, toMs);
  await generator.sendAtRate({ perSecond, senders, startMs, endMs, textCharacters: TEXT_CHARACTERS });
  const processes = allProcesses(system, generator);
  await pause(fromMs - machineNowMs(), signal);
  const cpuBefore = readCpu(processes);
  await pause(toMs - machineNowMs(), signal);
  const cpu = cpuBetween(cpuBefore, readCpu(processes));
  await pause(endMs - machineNowMs(), signal);
  const { after, lost } = await drain(generator, plan.drainMs, signal);
  signal.throwIfAborted();
  // Until after the drain, to include deferred work.
  const { byName } = cpuBetween(cpuBefore, readCpu(processes));
  const millions = after.receivedSinceStart / 1e6;
  const cpuPerMillion = Object.fromEntries(
    Object.entries(byName).map(([name, usedS]) => [name, usedS / Math.max(millions, 1e-9)]),
  );
  return {
    perSecond,
    deliveriesPerSecond: after.latencies.total / (plan.measureMs / 1_000),
    p50Ms: after.latencies.quantileMs(0.5),
    p99Ms: after.latencies.quantileMs(0.99),
    p999Ms: after.latencies.quantileMs(0.999),
    lost,
    repeated: after.repeated - before.repeated,
    late: after.late - before.late,
    refused: total(after.refused) - total(before.refused),
    unacked: after.unacked,
    closed: total(after.closed) - total(before.closed),
    cpuPerMillion,
    systemCpuPerMillion: total(cpuPerMillion) - (cpuPerMillion.generator ?? 0),
    cpu,
    maxSendDelayMs: after.maxSendDelayMs,
  };
}

/** Resolves when every message is acked or refused and has arrived at every client, or after `withinMs`. */
export async function drain(
  generator: Generator,
  withinMs: number,
  signal: AbortSignal,
): Promise<{ after: Observation; lost: number }> {
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  for (;;) {
    const after = await generator.report();
    const { lost } = await generator.tally(after);
    const isSettled = lost === 0 && after.unacked === 0;
    if (isSettled || overdue.aborted) return { after, lost };
    await pause(POLL_INTERVAL_MS, overdue);
  }
}
