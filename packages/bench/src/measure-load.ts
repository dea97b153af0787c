import type { Generator, Observation } from '@parley/load-kit/generator';
import { machineNowMs } from '@parley/load-kit/generator';
import { pause } from '@parley/service-kit';
import { type CpuUse, cpuBetween, type NamedProcess, readCpu } from './process-cpu.ts';
import type { SystemUnderTest } from './system-under-test.ts';

/** The load runs on for this long after what is measured, so that its end does not show in it. */
const RUN_OUT_MS = 300;
const START_IN_MS = 50;
const LOOK_EVERY_MS = 100;

export interface LoadPlan {
  /** Messages a second, of all clients together. */
  readonly perSecond: number;
  readonly senders: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** How long what is still on its way may take; what has not arrived then is lost. */
  readonly drainMs: number;
}

/** What a load did, measured in a time from its middle. */
export interface LoadResult {
  readonly perSecond: number;
  /** Deliveries a second of messages sent in that time. */
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
  /** CPU seconds by part for each million deliveries; `generator` among them. */
  readonly cpuPerMillion: Readonly<Record<string, number>>;
  /** The same of everything but the generator. */
  readonly systemCpuPerMillion: number;
  readonly cpu: CpuUse;
  readonly maxSendDelayMs: number;
}

/** ~90 characters, as GOALS.md has it. */
const TEXT_CHARACTERS = 90;

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Everything whose CPU is counted: the system's parts and the generator. */
export const allProcesses = (system: SystemUnderTest, generator: Generator): NamedProcess[] => [
  ...system.processes,
  ...generator.pids.map((pid) => ({ name: 'generator', pid })),
];

/** Sends at a fixed rate, measures a while, and waits until all that was acked has arrived everywhere, within bounds. */
export async function measureLoad(
  system: SystemUnderTest,
  generator: Generator,
  plan: LoadPlan,
  signal: AbortSignal,
): Promise<LoadResult> {
  const before = await generator.report();
  const startMs = machineNowMs() + START_IN_MS;
  const fromMs = startMs + plan.warmUpMs;
  const toMs = fromMs + plan.measureMs;
  const endMs = toMs + RUN_OUT_MS;
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
  // To the end, so that work which is put off counts, too.
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

/** Resolves when each message is acked or given up and has arrived everywhere, or the time is over. */
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
    await pause(LOOK_EVERY_MS, overdue);
  }
}
