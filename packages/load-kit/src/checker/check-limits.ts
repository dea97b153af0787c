import type { Evidence } from './evidence.ts';
import type { Violation } from './verdict.ts';

/** A stretch of time in which a session certainly was one: half-open, `[fromMs, toMs)`. */
export interface ProvenSession {
  readonly session: number;
  readonly client: string;
  readonly userId: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * When sessions certainly were.
 *
 * A client can't tell by itself whether it still has its session: its server may be dead or frozen, its place may long be
 * somebody else's, and nobody can tell it. But a session is one unbroken stretch on its server, and what the client was
 * told bounds it from inside: it began before the client heard that it was let in, and a request that was carried out was
 * carried out while it lasted, so later than the client asked. Between the two it certainly took a place. Counting only
 * that never raises a false alarm. What it can miss is a violation shorter than the pause between two requests of a
 * client, which is why every client of the load asks often, and one in a session whose every later request is refused,
 * in which nobody communicates.
 */
export function provenSessions({ record, clients }: Evidence): ProvenSession[] {
  const sessions = new Map<number, { client: string; fromMs: number; toMs: number }>();
  for (const event of record.events) {
    if (event.type === 'opened') {
      sessions.set(event.session, { client: event.client, fromMs: event.atMs, toMs: event.atMs });
    } else if (event.type === 'served') {
      const session = sessions.get(event.session);
      if (session) session.toMs = Math.max(session.toMs, event.askedAtMs);
    }
  }
  return [...sessions]
    .filter(([, { fromMs, toMs }]) => toMs > fromMs)
    .map(([session, { client, fromMs, toMs }]) => ({
      ...{ session, client, fromMs, toMs },
      userId: clients.get(client)?.userId ?? client,
    }))
    .sort((a, b) => a.fromMs - b.fromMs);
}

/** Never more sessions than places, never two of one user, never more in process than the bound, never more leases. */
export function findLimitViolations(evidence: Evidence): Violation[] {
  const { maxClients, maxInProcess } = evidence.record.limits;
  const violations: Violation[] = [];
  const violate = (text: string, about: Violation['about']) =>
    violations.push({ breach: 'limitViolations', text, about });
  let live: ProvenSession[] = [];
  for (const session of provenSessions(evidence)) {
    const { client, userId, fromMs: atMs } = session;
    live = live.filter(({ toMs }) => toMs > atMs);
    for (const other of live.filter((candidate) => candidate.userId === userId)) {
      const text = `session ${session.session} of ${client} began at ${atMs} ms, while session ${other.session} of the same user (${other.client}) lasted until ${other.toMs} ms at least`;
      violate(text, { atMs, client });
    }
    live.push(session);
    if (maxClients > 0 && live.length > maxClients) {
      violate(`${live.length} sessions at ${atMs} ms, when ${client} was let in; ${maxClients} are allowed`, {
        atMs,
        client,
      });
    }
  }
  for (const event of evidence.record.events) {
    if (event.type !== 'sample') continue;
    const { atMs, inProcess, leases } = event;
    if (inProcess > maxInProcess)
      violate(`${inProcess} messages in process at ${atMs} ms, ${maxInProcess} are allowed`, { atMs });
    if (maxClients > 0 && leases > maxClients)
      violate(`${leases} leases at ${atMs} ms, ${maxClients} are allowed`, { atMs });
  }
  return violations;
}
