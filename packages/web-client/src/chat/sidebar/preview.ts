import type { ChatSnapshot } from '@parley/client';
import type { Conversation } from '@parley/protocol';
import { nameOf } from '../conversation/rows.ts';

/** Enough for one line of the list. */
const MAX_CHARACTERS = 120;

/** Returns a preview of the newest message, or the type of the conversation if no message is loaded. */
export function previewOf(snapshot: ChatSnapshot, { id, kind, members }: Conversation): string {
  const view = snapshot.views.get(id);
  const [typing] = view?.typing ?? [];
  if (typing) return kind === 'direct' ? 'is typing…' : `${nameOf(snapshot, typing)} is typing…`;
  const outgoing = view?.pending.at(-1);
  if (outgoing) return `You: ${outgoing.text.slice(0, MAX_CHARACTERS)}`;
  const newest = view?.timeline.at(-1);
  if (!newest) return describe(id, kind, members.length);
  const { message, text, isDeleted } = newest;
  const sender = nameOf(snapshot, message.senderId);
  if (message.kind === 'system') return `${sender} ${text}`;
  const said = isDeleted ? 'Message deleted' : text.slice(0, MAX_CHARACTERS) || message.kind;
  if (message.senderId === snapshot.me?.id) return `You: ${said}`;
  return kind === 'direct' ? said : `${sender}: ${said}`;
}

function describe(id: string, kind: Conversation['kind'], memberCount: number): string {
  if (id === 'lobby') return 'Open to everyone';
  if (kind === 'direct') return 'Direct conversation';
  return memberCount > 0 ? `Group with ${memberCount} ${memberCount === 1 ? 'member' : 'members'}` : 'Channel';
}
