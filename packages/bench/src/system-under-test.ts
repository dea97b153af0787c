import type { Address, ProtocolChoice } from '@parley/load-kit/generator';
import type { NamedProcess } from './process-cpu.ts';

export type SystemName = 'parley' | 'plain';

/** A chat that runs and can be measured. */
export interface SystemUnderTest {
  readonly name: SystemName;
  /** Its public address: nginx. */
  readonly address: Address;
  readonly adapter: ProtocolChoice;
  /** Everything it is made of, the servers under the name `servers`. */
  readonly processes: readonly NamedProcess[];
  /** Ends every client's connection at once: nginx is killed, and started again. */
  cutClients(): void;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly nodes: number;
  /** Where it keeps everything; the caller removes it. */
  readonly directory: string;
  /** For its servers and workers, on top of the bench's own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}
