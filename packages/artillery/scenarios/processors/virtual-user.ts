import type { Socket } from 'socket.io-client';

/** A virtual user, as Artillery passes it to every step. */
export interface VirtualUser {
  /** The user's line of the CSV file, and the variables of the scenario. */
  readonly vars: {
    readonly target: string;
    readonly name: string;
    readonly userId: string;
    readonly token: string;
    readonly conversationId: string;
  } & Readonly<Record<string, unknown>>;
  /** Sockets by namespace. Artillery connects the default namespace '' before the first step. */
  readonly sockets?: Readonly<Record<string, Socket>>;
}

/** Artillery's own counters and histograms, which `ensure` uses. */
export interface ArtilleryEvents {
  emit(kind: 'counter' | 'histogram', name: string, value: number): void;
}

/** Returns a number from the scenario's `variables`. */
export function numberOf(user: VirtualUser, name: string, defaultValue: number): number {
  const value = Number(user.vars[name] ?? defaultValue);
  if (!Number.isFinite(value)) throw new Error(`${name} is ${user.vars[name]}; a number is required`);
  return value;
}
