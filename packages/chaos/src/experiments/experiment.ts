import type { Crowd, Load } from '@parley/load-kit/clients';
import type { EventRecord, Recorder } from '@parley/load-kit/events';
import type { TestBed } from '../test-bed.ts';
import type { Figure } from './measurement.ts';

/** One way to trouble a cluster under load, and what is measured of it besides the checker's verdict. */
export interface Trial {
  /** For a person, in one line. */
  readonly shows: string;
  readonly crowd: Crowd;
  /**
   * Troubles the cluster while everybody talks. Resolves when all is healed, with what turns the record, once everything has
   * come to rest, into figures.
   */
  trouble(scene: Scene): Promise<Measure>;
}

export type Measure = (record: EventRecord) => readonly Figure[];

export interface Scene {
  readonly bed: TestBed;
  readonly load: Load;
  readonly recorder: Recorder;
  readonly seed: number;
  readonly report: (line: string) => void;
  /** The run is given up. */
  readonly signal: AbortSignal;
}
