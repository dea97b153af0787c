import type { ClientMix, Workload } from '@parley/load-kit/clients';
import type { EventRecord, Recorder } from '@parley/load-kit/events';
import type { TestBed } from '../test-bed.ts';
import type { Measurement } from './measurement.ts';

/** One way to run a cluster under load, and what is measured of it besides the checker's verdict. */
export interface Experiment {
  /** For a person, in one line. */
  readonly summary: string;
  readonly clientMix: ClientMix;
  /**
   * Troubles the cluster while everybody talks. Resolves when all is healed, with what turns the record, once everything has
   * come to rest, into figures.
   */
  run(context: ExperimentContext): Promise<Evaluate>;
}

export type Evaluate = (record: EventRecord) => readonly Measurement[];

export interface ExperimentContext {
  readonly bed: TestBed;
  readonly workload: Workload;
  readonly recorder: Recorder;
  readonly seed: number;
  readonly report: (line: string) => void;
  /** The run is given up. */
  readonly signal: AbortSignal;
}
