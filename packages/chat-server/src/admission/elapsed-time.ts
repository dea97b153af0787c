/** A smaller difference between the clocks is a correction by NTP, or the time between the two reads. */
const MIN_SUSPENSION_MS = 500;

const wallAheadMs = () => Date.now() - performance.now();

let lastAheadMs = wallAheadMs();
let suspendedMs = 0;

/**
 * Returns a time in ms that never goes back, and that includes the time in which the machine was suspended.
 *
 * `performance.now()` does not advance while a laptop sleeps or a virtual machine is paused, but leases and messages of other servers do
 * not. After it the wall clock is ahead by that time. A wall clock that is set forward looks the same; then a server confirms its
 * sessions once without need. One that is set back has no effect.
 */
export function elapsedMs(): number {
  const aheadMs = wallAheadMs();
  if (aheadMs - lastAheadMs > MIN_SUSPENSION_MS) suspendedMs += aheadMs - lastAheadMs;
  lastAheadMs = aheadMs;
  return performance.now() + suspendedMs;
}
