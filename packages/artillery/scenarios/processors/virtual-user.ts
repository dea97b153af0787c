import type { Socket } from 'socket.io-client';

/** What Artillery hands to every step: one virtual user. */
export interface VirtualUser {
  /** The user's line of the CSV that the runner made, and the scenario's own variables. */
  readonly vars: {
    readonly target: string;
    readonly name: string;
    readonly userId: string;
    readonly token: string;
    readonly conversationId: string;
  } & Readonly<Record<string, unknown>>;
  /** By namespace; the engine connects the one called '' before the first step. */
  readonly sockets?: Readonly<Record<string, Socket>>;
}

/** Artillery's own counting, which its `ensure` looks at. */
export interface ArtilleryEvents {
  emit(kind: 'counter' | 'histogram', name: string, value: number): void;
}

/** A number that the scenario sets under `variables`. */
export function numberOf(user: VirtualUser, name: string, otherwise: number): number {
  const value = Number(user.vars[name] ?? otherwise);
  if (!Number.isFinite(value)) throw new Error(`${name} is ${user.vars[name]}; a number is needed`);
  return value;
}
