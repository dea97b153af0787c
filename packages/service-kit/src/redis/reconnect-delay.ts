/** A shorter backoff than that of the loops: a reconnect costs little, and everything waits for it. */
export const reconnectDelayMs = (attempts: number): number =>
  Math.min(1_000, 25 * 2 ** Math.min(attempts, 6)) * (0.5 + Math.random() / 2);
