import type { ClientMix, Workload } from '@parley/load-kit/clients';
import type { EventRecord, Recorder } from '@parley/load-kit/events';
import type { RedisMode } from '../redis/redis-rig.ts';
import type { TestBed } from '../test-bed.ts';
import type { Measurement } from './measurement.ts';

/** A chaos experiment: what happens to the cluster under load, and what is measured besides the checker's verdict. */
export interface Experiment {
  /** One line for the progress output. */
  readonly summary: string;
  readonly clientMix: ClientMix;
  /** Memory limit of each Redis. Default: large enough */
  readonly maxMemoryMb?: number;
  /** The kinds of Redis that it works with. Default: only a single one */
  readonly redisModes?: readonly RedisMode[];
  /** Bound of the longest recovery. Default: it is measured only */
  readonly recoveredWithinMs?: number;
  /** Runs while the clients send. Resolves when all faults are healed. */
  run(context: ExperimentContext): Promise<Evaluate>;
}

/** Computes the measurements from the complete event record, after all clients have caught up. */
export type Evaluate = (record: EventRecord) => readonly Measurement[];

export interface ExperimentContext {
  readonly bed: TestBed;
  readonly workload: Workload;
  readonly recorder: Recorder;
  readonly seed: number;
  readonly report: (line: string) => void;
  /** Aborts when the run is cancelled. */
  readonly signal: AbortSignal;
}
