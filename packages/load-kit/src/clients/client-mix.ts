/** Who is there, and how they startSending. */
export interface ClientMix {
  readonly plainClients: number;
  readonly libraryClients: number;
  /**
   * Plain clients that say nothing, over WebSockets straight to the chat servers: on the way through a proxy the system's
   * buffers take some 10 MB more for a client that reads nothing.
   */
  readonly listeners: number;
  /** Plain clients that send long texts, one after the other, to a group of themselves and the listeners. */
  readonly floodSenders: number;
  /** Users who come and go. */
  readonly rejectedClients: number;
  /** Users of whom a second device comes and goes, and sometimes takes the session over. */
  readonly secondDevices: number;
  /** `lobby`: everybody talks to everybody; `all`: in groups and direct conversations as well. */
  readonly conversations: 'lobby' | 'all';
  /** How long a client waits between two messages, ms. */
  readonly pauseMs: readonly [min: number, max: number];
}

/** More users than there are places, in conversations of all kinds. */
export const DEFAULT_CLIENT_MIX: ClientMix = {
  ...{ plainClients: 22, libraryClients: 22, listeners: 0, floodSenders: 0, rejectedClients: 10, secondDevices: 2 },
  ...{ conversations: 'all', pauseMs: [250, 750] },
};
