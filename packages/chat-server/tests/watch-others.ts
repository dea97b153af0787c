import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect } from '@jest/globals';
import type { ChatPeer } from '@parley/testing';

/** Generous, because a shared machine may pause. The attacks stopped a server for several seconds. */
const MAX_BLOCKED_MS = 1_500;

/** Watches while somebody attacks the server, which runs in this process, whether a healthy client is served. */
export function watchOthers(healthy: ChatPeer): { expectServed(): Promise<void> } {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let isWatching = true;
  const watching = (async () => {
    let requests = 0;
    while (isWatching || requests < 10) {
      // UNAVAILABLE: the machine was too busy for this server's own ping. `emit` tries again.
      expect(await healthy.emit('away', { isAway: false })).toEqual({ ok: true });
      requests += 1;
    }
  })();
  return {
    /** Fails if a request of the healthy client was refused, or if the event loop was blocked. */
    async expectServed() {
      isWatching = false;
      await watching;
      delay.disable();
      expect(delay.max / 1e6).toBeLessThan(MAX_BLOCKED_MS);
    },
  };
}
