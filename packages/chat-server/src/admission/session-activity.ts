import type { Session } from '../session.ts';
import { elapsedMs } from './elapsed-time.ts';

/**
 * Records that the user did something: an accepted change or message, `typing`, or a `read` that moved the marker. The next renewal
 * reports it to the leases. A session without activity can end while others wait for a slot.
 */
export function recordActivity(session: Session): void {
  session.activeAt = elapsedMs();
}
