import { appendFileSync } from 'node:fs';
import { type OperationSamples, SAMPLES_FILE, type SecondOfSamples } from '../../src/samples.ts';
import type { ArtilleryEvents } from './virtual-user.ts';

/** Counters of every run. They are initialised to 0, because `ensure` fails on a missing counter. */
const COUNTERS = [
  'sent',
  'acked',
  'refused',
  'unacked',
  'delivered',
  'lost',
  'missed_live',
  'repeated',
  'out_of_order',
  'wrong_seq',
  'granted',
  'rejected',
  'reconnected',
  'history_gaps',
] as const;
export type Counter = (typeof COUNTERS)[number];

const WRITE_INTERVAL_MS = 500;

const file = process.env[SAMPLES_FILE];
let events: ArtilleryEvents | undefined;
let current: { at: number; operations: Record<string, OperationSamples>; counters: Record<string, number> } | undefined;

if (file) {
  setInterval(writeSamples, WRITE_INTERVAL_MS).unref();
}

/** Connects the counters to Artillery. The first step of every scenario calls it. */
export function startMeasuring(artillery: ArtilleryEvents): void {
  if (events) return;
  events = artillery;
  for (const name of COUNTERS) artillery.emit('counter', `parley.${name}`, 0);
}

/** Returns the milliseconds since 1970 with fractions. All processes of this machine share this clock. */
export const nowMs = () => performance.timeOrigin + performance.now();

export function count(name: Counter, by = 1): void {
  if (by === 0) return;
  events?.emit('counter', `parley.${name}`, by);
  addCounter(name, by);
}

/** Counts a user who connected (1) or disconnected (-1). */
export const changeOnline = (by: 1 | -1) => addCounter('online', by);

/** Counts a user who connected for the first time, or finished sending. The runner releases barriers by these counts. */
export const reached = (point: 'connected' | 'finished_sending') => addCounter(point, 1);

function addCounter(name: string, by: number): void {
  if (!file) return;
  const { counters } = thisSecond();
  counters[name] = (counters[name] ?? 0) + by;
}

/** Records a successful operation. */
export function recordSuccess(operation: string, durationMs: number, bytes = 0): void {
  if (!file) return;
  const samples = samplesOf(operation);
  samples.durationsMs.push(Math.round(durationMs * 100) / 100);
  samples.bytes += bytes;
}

/** Records a failed operation. */
export function recordFailure(operation: string, code: string): void {
  if (!file) return;
  const { failures } = samplesOf(operation);
  failures[code] = (failures[code] ?? 0) + 1;
}

/** Adds a duration to Artillery's own histograms, which `ensure` uses. */
export const observe = (name: 'ack_ms' | 'delivery_ms', durationMs: number) =>
  events?.emit('histogram', `parley.${name}`, durationMs);

type MutableSamples = { durationsMs: number[]; bytes: number; failures: Record<string, number> };

function samplesOf(operation: string): MutableSamples {
  const { operations } = thisSecond();
  operations[operation] ??= { durationsMs: [], bytes: 0, failures: {} };
  return operations[operation] as MutableSamples;
}

function thisSecond() {
  const at = Math.floor(nowMs() / 1_000);
  if (current && current.at !== at) writeSamples();
  current ??= { at, operations: {}, counters: {} };
  return current;
}

/** Every user calls it at the end, because Artillery terminates its threads without notice. */
export function writeSamples(): void {
  if (!file || !current) return;
  const line: SecondOfSamples = current;
  current = undefined;
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
