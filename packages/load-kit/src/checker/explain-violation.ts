import type { EventRecord, RecordedEvent, RecordedMessage, Seen } from '../events/event-record.ts';
import type { Violation } from './verdict.ts';

/** Period before and after a violation that is not about a message. */
const CONTEXT_MS = 2_000;

/** Returns the recorded events that explain a violation, one line each, ordered by time. */
export function explainViolation(record: EventRecord, { about }: Violation): string[] {
  const names = new Map(record.clients.map(({ name, userId }) => [name, userId]));
  const nodes = new Map(
    record.events.flatMap((event) => (event.type === 'opened' ? [[event.session, event.node] as const] : [])),
  );
  const isMessage = (senderId: string | undefined, message: Partial<RecordedMessage>) =>
    (about.clientMessageId !== undefined &&
      senderId === about.senderId &&
      message.clientMessageId === about.clientMessageId) ||
    (about.seq !== undefined && message.conversationId === about.conversationId && message.seq === about.seq);
  const isAbout = (event: RecordedEvent): boolean => {
    if (event.type === 'sent' || event.type === 'acked' || event.type === 'refused') {
      return isMessage(names.get(event.client), event);
    }
    return event.type === 'seen' && isMessage(event.senderId, event);
  };
  const aboutViolation = record.events.filter(isAbout);
  const fromMs = (aboutViolation[0]?.atMs ?? (about.atMs ?? 0) - CONTEXT_MS) - 1;
  const toMs = Math.max(
    aboutViolation.at(-1)?.atMs ?? 0,
    (about.atMs ?? 0) + (aboutViolation.length > 0 ? 0 : CONTEXT_MS),
  );
  const involvedClients = new Set([
    about.client,
    ...aboutViolation.flatMap((event) => ('client' in event ? [event.client] : [])),
  ]);
  const isSessionChange = (event: RecordedEvent) =>
    ['opened', 'closed', 'rejected', 'cleared'].includes(event.type) &&
    'client' in event &&
    (involvedClients.has(event.client) || aboutViolation.length === 0);
  const isEpochChange = (event: RecordedEvent) =>
    event.type === 'epoch' && event.conversationId === about.conversationId && involvedClients.has(event.client);
  const isInPeriod = ({ atMs }: RecordedEvent) => atMs >= fromMs && atMs <= toMs;
  const lines = record.events
    .filter(
      (event) =>
        (event.type !== 'seen' && isAbout(event)) ||
        (isInPeriod(event) && (isSessionChange(event) || isEpochChange(event))),
    )
    .map((event) => ({ atMs: event.atMs, text: describe(event, nodes) }));
  lines.push(...describeSeenEvents(aboutViolation.filter((event) => event.type === 'seen')));
  for (const { kind, target, atMs, endedAtMs } of record.faults) {
    if (atMs > toMs || endedAtMs < fromMs - CONTEXT_MS) continue;
    lines.push({ atMs, text: `FAULT ${kind} ${target} until ${endedAtMs} ms` });
  }
  const inStore = (name: string, messages: readonly RecordedMessage[]) =>
    messages
      .filter((message) => isMessage(message.senderId, message))
      .map((message) => `          at the end, ${name}: ${JSON.stringify(message)}`);
  return [
    ...lines.sort((a, b) => a.atMs - b.atMs).map(({ atMs, text }) => `${atMs.toFixed(0).padStart(8)}  ${text}`),
    ...inStore('the store', record.stored),
    ...inStore('the pages', record.pages),
  ];
}

/** Returns one line for all clients that saw the same message. */
function describeSeenEvents(seenEvents: readonly Seen[]): { atMs: number; text: string }[] {
  const byContent = Map.groupBy(seenEvents, ({ conversationId, seq, id, senderId, clientMessageId, textHash }) =>
    Object.entries({ conversationId, seq, id, senderId, clientMessageId, textHash })
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  );
  return [...byContent].map(([content, seen]) => {
    const viewers = seen.map(({ client, how, atMs }) => `${client} (${how}, ${Math.round(atMs)})`);
    return { atMs: seen[0]?.atMs ?? 0, text: `seen ${content} by ${viewers.join(', ')}` };
  });
}

function describe(event: RecordedEvent, nodes: ReadonlyMap<number, string>): string {
  const { type, atMs: _, ...fields } = event;
  const client = 'client' in event ? event.client : '';
  const node = 'session' in event ? ` on ${nodes.get(event.session) ?? 'an unknown node'}` : '';
  const rest = Object.entries(fields).filter(([name]) => name !== 'client');
  return `${client.padEnd(12)} ${type}${node} ${rest.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}
