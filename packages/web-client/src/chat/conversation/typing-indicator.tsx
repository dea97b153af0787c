import type { ChatSnapshot } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useChat } from '../../chat-context.tsx';
import { nameOf } from './rows.ts';
import classes from './typing-indicator.module.css';

/** Shows who is typing. The line keeps its height when empty, so that the layout does not move. */
export function TypingIndicator({ conversationId }: { conversationId: ConversationId }) {
  const text = useChat((chat) => describe(chat, conversationId));
  return (
    <div className={classes.line} dir="auto" data-typing={text !== ''}>
      {text}
    </div>
  );
}

function describe(chat: ChatSnapshot, conversationId: ConversationId): string {
  const typing = chat.views.get(conversationId)?.typing ?? [];
  const [first, second] = typing.map((id) => nameOf(chat, id));
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing…`;
  if (typing.length === 2) return `${first} and ${second} are typing…`;
  return 'Several people are typing…';
}
