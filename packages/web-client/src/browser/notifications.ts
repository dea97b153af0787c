import type { ChatClient } from '@parley/client';
import type { ConversationId } from '@parley/protocol';

const WISH_KEY = 'parley.notifications';

/** The longest text that a notification carries. */
const MAX_TEXT_CHARACTERS = 160;

/** Whether this browser has notifications at all. */
export const canNotify = (): boolean => typeof Notification !== 'undefined';

/** Whether the user wants to be told, and the browser lets us. */
export const isNotifying = (): boolean =>
  canNotify() && Notification.permission === 'granted' && localStorage.getItem(WISH_KEY) !== null;

/** Turns notifications on or off; asks the browser where it has not been asked yet. @returns whether they are on */
export async function setNotifying(isWanted: boolean): Promise<boolean> {
  if (!isWanted || !canNotify() || (await Notification.requestPermission()) !== 'granted') {
    localStorage.removeItem(WISH_KEY);
    return false;
  }
  localStorage.setItem(WISH_KEY, 'yes');
  return true;
}

/** Tells of what others say while the page is hidden. A press on a notification brings the conversation up. */
export function watchForNews(chat: ChatClient): void {
  const known = new Map<ConversationId, number>();
  const look = (tell: (conversationId: ConversationId) => void) => {
    const { conversations, views } = chat.getSnapshot();
    for (const { id, headSeq } of conversations ?? []) {
      const seq = Math.max(headSeq, views.get(id)?.timeline.at(-1)?.message.seq ?? 0);
      const before = known.get(id);
      if (before !== undefined && seq > before) tell(id);
      if (before === undefined || seq > before) known.set(id, seq);
    }
  };
  chat.subscribe(() => look((id) => document.visibilityState === 'hidden' && isNotifying() && notify(chat, id)));
}

function notify(chat: ChatClient, conversationId: ConversationId): void {
  const { me, users, views, conversations } = chat.getSnapshot();
  const newest = views.get(conversationId)?.timeline.at(-1);
  if (!newest || newest.isDeleted || newest.message.kind === 'system' || newest.message.senderId === me?.id) return;
  const sender = users.get(newest.message.senderId)?.displayName ?? 'Someone';
  const title = conversations?.find(({ id }) => id === conversationId)?.title;
  const notification = new Notification(title ? `${sender} · ${title}` : sender, {
    body: newest.text.slice(0, MAX_TEXT_CHARACTERS) || newest.message.kind,
    icon: '/favicon.svg',
    tag: conversationId,
  });
  notification.onclick = () => {
    window.focus();
    void chat.open(conversationId);
    notification.close();
  };
}
