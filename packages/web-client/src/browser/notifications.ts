import type { ChatClient } from '@parley/client';
import type { ConversationId } from '@parley/protocol';

const ENABLED_KEY = 'parley.notifications';

/** Maximum length of the text in a notification. */
const MAX_TEXT_CHARACTERS = 160;

/** Whether the browser supports notifications. */
export const canNotify = (): boolean => typeof Notification !== 'undefined';

/** Whether the user has turned notifications on and the browser allows them. */
export const isNotifying = (): boolean =>
  canNotify() && Notification.permission === 'granted' && localStorage.getItem(ENABLED_KEY) !== null;

/** Turns notifications on or off and asks for permission if necessary. @returns whether they are on */
export async function setNotifying(isWanted: boolean): Promise<boolean> {
  if (!isWanted || !canNotify() || (await Notification.requestPermission()) !== 'granted') {
    localStorage.removeItem(ENABLED_KEY);
    return false;
  }
  localStorage.setItem(ENABLED_KEY, 'yes');
  return true;
}

/** Notifies of new messages while the page is hidden. A click on a notification opens the conversation. */
export function notifyWhileHidden(chat: ChatClient): void {
  let known: ReadonlyMap<ConversationId, number> = new Map();
  const findNew = (onNew: (conversationId: ConversationId) => void) => {
    const { conversations, views } = chat.getSnapshot();
    const newest = new Map<ConversationId, number>();
    for (const { id, headSeq } of conversations ?? []) {
      const seq = views.get(id)?.timeline.at(-1)?.message.seq ?? 0;
      const before = known.get(id);
      // Only a displayed message is news. A head also moves for changes and placeholders.
      newest.set(id, Math.max(seq, before ?? headSeq));
      if (before !== undefined && seq > before) onNew(id);
    }
    known = newest;
  };
  chat.subscribe(() => findNew((id) => document.visibilityState === 'hidden' && isNotifying() && notify(chat, id)));
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
