/** The clients of a workload, and how they send. */
export interface ClientMix {
  readonly plainClients: number;
  readonly libraryClients: number;
  /**
   * Plain clients that only receive. They connect to the chat servers directly: a proxy's socket buffers would hold about 10 MB
   * more for a client that stops reading.
   */
  readonly listeners: number;
  /** Plain clients that send long texts almost without a pause to groups of themselves and the listeners. */
  readonly floodSenders: number;
  /** Groups that a flood is spread over. */
  readonly floodGroups: number;
  /** Pause of a flood sender between two messages, ms. */
  readonly floodPauseMs: readonly [min: number, max: number];
  /** Whether flood senders wait for `Workload.flood`. Otherwise they send all the time. */
  readonly floodsOnDemand: boolean;
  /** Users who connect and disconnect repeatedly. When all slots are taken they are rejected and wait. */
  readonly rejectedClients: number;
  /** Second devices of plain clients. They connect repeatedly, and some of the attempts take the session over. */
  readonly secondDevices: number;
  /** `lobby`: only the lobby. `all`: also groups and direct conversations. */
  readonly conversations: 'lobby' | 'all';
  /** Pause of a client between two messages, ms. */
  readonly pauseMs: readonly [min: number, max: number];
}

/** More users than slots, in conversations of all kinds. */
export const DEFAULT_CLIENT_MIX: ClientMix = {
  ...{ plainClients: 22, libraryClients: 22, listeners: 0, floodSenders: 0, rejectedClients: 10, secondDevices: 2 },
  ...{ floodGroups: 1, floodPauseMs: [20, 30], floodsOnDemand: false },
  ...{ conversations: 'all', pauseMs: [250, 750] },
};
