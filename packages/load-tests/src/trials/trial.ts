import type { TestBed } from '../chaos/test-bed.ts';
import type { History } from '../history/history.ts';
import type { Recorder } from '../history/recorder.ts';
import type { Crowd } from '../load/crowd.ts';
import type { Load } from '../load/load.ts';
import type { Figure } from './figure.ts';

/** One way to trouble a cluster under load, and what is measured of it besides the checker's verdict. */
export interface Trial {
  /** For a person, in one line. */
  readonly shows: string;
  readonly crowd: Crowd;
  /**
   * Troubles the cluster while everybody talks. Resolves when all is healed, with what turns the history, once everything has
   * come to rest, into figures.
   */
  trouble(scene: Scene): Promise<Measure>;
}

export type Measure = (history: History) => readonly Figure[];

export interface Scene {
  readonly bed: TestBed;
  readonly load: Load;
  readonly recorder: Recorder;
  readonly seed: number;
  readonly report: (line: string) => void;
  /** The run is given up. */
  readonly signal: AbortSignal;
}
