import type { Acked } from '../events/event-record.ts';
import { type Evidence, isPlaceholder, keyOf } from './evidence.ts';
import type { Violation } from './verdict.ts';

interface Display {
  /** Their seqs. */
  readonly shown: Map<string, number>;
  lowest: number;
  highest: number;
}

/**
 * Rule: a library client displays each message once and in order; older pages are added above. It may drop the oldest messages, and
 * display them again later.
 */
export function findDisplayErrors({ record, clients }: Evidence): Violation[] {
  const violations: Violation[] = [];
  const displays = new Map<string, Display>();
  for (const event of record.events) {
    if (event.type === 'cleared') displays.delete(`${event.client} ${event.conversationId}`);
    if (event.type === 'dropped') dropBelow(displays.get(`${event.client} ${event.conversationId}`), event.belowSeq);
    if (event.type !== 'seen' || clients.get(event.client)?.kind !== 'library') continue;
    const { client, conversationId, seq, senderId, clientMessageId, how, atMs } = event;
    const name = `${client} ${conversationId}`;
    const display = displays.get(name) ?? { shown: new Map(), lowest: Number.POSITIVE_INFINITY, highest: 0 };
    displays.set(name, display);
    const { shown, lowest, highest } = display;
    const about = { conversationId, seq, senderId, clientMessageId, atMs, client };
    if (!isPlaceholder(event) && shown.has(keyOf(event))) {
      const text = `${client} displays ${clientMessageId}, ${conversationId} #${seq}, again at ${atMs} ms`;
      violations.push({ kind: 'duplicated', clients: 'library', text, about });
    } else if (how === 'older' ? seq >= lowest : how === 'next' && seq <= highest) {
      const neighbour = how === 'older' ? `above #${lowest}` : `below #${highest}`;
      const text = `${client} displays ${conversationId} #${seq} ${neighbour} at ${atMs} ms`;
      violations.push({ kind: 'reordered', clients: 'library', text, about });
    }
    shown.set(keyOf(event), seq);
    display.lowest = Math.min(lowest, seq);
    display.highest = Math.max(highest, seq);
  }
  return violations;
}

function dropBelow(display: Display | undefined, belowSeq: number): void {
  if (!display) return;
  for (const [key, seq] of display.shown) if (seq < belowSeq) display.shown.delete(key);
  display.lowest = Math.max(display.lowest, belowSeq);
}

/**
 * Rule: a message sent after the ack of another message of the same sender has a higher `seq`. Messages that Redis lost at the acked
 * position are left out: their senders sent them again later, or not at all.
 */
export function findSendOrderErrors({ acked, sent, clients, finalPositions, losses }: Evidence): Violation[] {
  const bySender = new Map<string, { sentAtMs: number; ack: Acked }[]>();
  for (const [key, ack] of acked) {
    const sentAtMs = sent.get(key)?.atMs;
    if (sentAtMs === undefined) continue;
    if (finalPositions.get(key)?.seq !== ack.seq && losses.allows({ ...ack, sentAtMs })) continue;
    const name = `${ack.client} ${ack.conversationId}`;
    const messages = bySender.get(name) ?? [];
    bySender.set(name, messages);
    messages.push({ sentAtMs, ack });
  }
  return [...bySender.values()].flatMap((messages) => {
    const byAck = messages.map(({ ack }) => ack).sort((a, b) => a.atMs - b.atMs);
    const bySend = messages.sort((a, b) => a.sentAtMs - b.sentAtMs);
    let ackedBefore = 0;
    let highest: Acked | undefined;
    return bySend.flatMap(({ sentAtMs, ack }): Violation[] => {
      for (let next = byAck[ackedBefore]; next && next.atMs < sentAtMs; next = byAck[ackedBefore]) {
        if (!highest || next.seq > highest.seq) highest = next;
        ackedBefore += 1;
      }
      if (!highest || highest.seq <= ack.seq) return [];
      const { client, conversationId, seq, clientMessageId } = ack;
      const text = `${client} sent ${clientMessageId} after #${highest.seq} was acked, but it is ${conversationId} #${seq}`;
      const { userId: senderId = '', kind } = clients.get(client) ?? {};
      return [{ kind: 'reordered', clients: kind, text, about: { conversationId, seq, senderId, clientMessageId } }];
    });
  });
}
