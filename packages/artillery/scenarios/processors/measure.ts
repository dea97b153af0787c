import { appendFileSync } from 'node:fs';
import { type OperationSamples, SAMPLES_FILE, type SecondOfSamples } from '../../src/samples.ts';
import type { ArtilleryEvents } from './virtual-user.ts';

/** Counters that every run reports, also when they stay at 0: an `ensure` on a missing one would fail. */
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
  'wrong_place',
  'let_in',
  'turned_away',
  'reconnected',
  'history_gaps',
] as const;
export type Counter = (typeof COUNTERS)[number];

const WRITE_EVERY_MS = 500;

const file = process.env[SAMPLES_FILE];
let events: ArtilleryEvents | undefined;
let current: { at: number; operations: Record<string, OperationSamples>; counters: Record<string, number> } | undefined;

if (file) {
  setInterval(writeSamples, WRITE_EVERY_MS).unref();
}

/** Names who counts for Artillery; the first step of every scenario calls it. */
export function startMeasuring(artillery: ArtilleryEvents): void {
  if (events) return;
  events = artillery;
  for (const name of COUNTERS) artillery.emit('counter', `parley.${name}`, 0);
}

/** Milliseconds since 1970, finer than `Date.now()`: the one clock of all processes on this machine. */
export const nowMs = () => performance.timeOrigin + performance.now();

export function count(name: Counter, by = 1): void {
  if (by === 0) return;
  events?.emit('counter', `parley.${name}`, by);
  addCounter(name, by);
}

/** Somebody came (1) or went (-1). */
export const changeOnline = (by: 1 | -1) => addCounter('online', by);

/** Somebody came for the first time, or has said everything or given up: the runner opens its barriers by these. */
export const reached = (point: 'connected' | 'finished_sending') => addCounter(point, 1);

function addCounter(name: string, by: number): void {
  if (!file) return;
  const { counters } = thisSecond();
  counters[name] = (counters[name] ?? 0) + by;
}

/** An operation that recordSuccess. */
export function recordSuccess(operation: string, durationMs: number, bytes = 0): void {
  if (!file) return;
  const samples = samplesOf(operation);
  samples.durationsMs.push(Math.round(durationMs * 100) / 100);
  samples.bytes += bytes;
}

/** An operation that did not. */
export function recordFailure(operation: string, code: string): void {
  if (!file) return;
  const { failures } = samplesOf(operation);
  failures[code] = (failures[code] ?? 0) + 1;
}

/** A duration that Artillery's own report and `ensure` see as well. */
export const observe = (name: 'ack_ms' | 'delivery_ms', durationMs: number) =>
  events?.emit('histogram', `parley.${name}`, durationMs);

type Growing = { durationsMs: number[]; bytes: number; failures: Record<string, number> };

function samplesOf(operation: string): Growing {
  const { operations } = thisSecond();
  operations[operation] ??= { durationsMs: [], bytes: 0, failures: {} };
  return operations[operation] as Growing;
}

function thisSecond() {
  const at = Math.floor(nowMs() / 1_000);
  if (current && current.at !== at) writeSamples();
  current ??= { at, operations: {}, counters: {} };
  return current;
}

/** Also the last thing that a user does: Artillery ends its threads without a word. */
export function writeSamples(): void {
  if (!file || !current) return;
  const line: SecondOfSamples = current;
  current = undefined;
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}
