import type { Evidence } from './evidence.ts';
import type { Violation } from './verdict.ts';

/** A period in which a session provably existed: half-open, `[fromMs, toMs)`. */
export interface ProvenSession {
  readonly session: number;
  readonly client: string;
  readonly userId: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Returns the period in which each session provably existed.
 *
 * A client cannot know when its session ended: the server may be dead or frozen, and the slot may already belong to another
 * client. But a session is one continuous period on its server. It started before the client received the accepted handshake, and
 * it still existed when the server executed a request, which is after the client sent it. Between these two times the session
 * held a slot. This count never raises a false alarm. It misses violations that are shorter than the pause between two requests
 * of a client, so all clients send requests often, and sessions in which every later request is refused.
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

/** Rule: sessions, leases and messages in process stay within their limits, and a user has one session. */
export function findLimitViolations(evidence: Evidence): Violation[] {
  const { maxClients, maxInProcess } = evidence.record.limits;
  const violations: Violation[] = [];
  const violate = (text: string, about: Violation['about']) =>
    violations.push({ kind: 'limitViolations', text, about });
  let live: ProvenSession[] = [];
  for (const session of provenSessions(evidence)) {
    const { client, userId, fromMs: atMs } = session;
    live = live.filter(({ toMs }) => toMs > atMs);
    for (const other of live.filter((candidate) => candidate.userId === userId)) {
      const text = `session ${session.session} of ${client} began at ${atMs} ms, while session ${other.session} of the same user (${other.client}) existed until at least ${other.toMs} ms`;
      violate(text, { atMs, client });
    }
    live.push(session);
    if (maxClients > 0 && live.length > maxClients) {
      violate(`${live.length} sessions at ${atMs} ms, when ${client} connected; ${maxClients} are allowed`, {
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
