import type { Address, ProtocolChoice } from '@parley/load-kit/generator';
import type { NamedProcess } from './process-cpu.ts';

export type SystemName = 'parley' | 'plain';

/** A running chat system that can be measured. */
export interface SystemUnderTest {
  readonly name: SystemName;
  /** The address of nginx. */
  readonly address: Address;
  readonly adapter: ProtocolChoice;
  /** All processes. Chat servers have the name `servers`. */
  readonly processes: readonly NamedProcess[];
  /** Closes all client connections at once: nginx is killed, and its supervisor restarts it. */
  cutClients(): void;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly nodes: number;
  /** For data and logs. The caller removes it. */
  readonly directory: string;
  /** Additional environment variables of servers and workers. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}
