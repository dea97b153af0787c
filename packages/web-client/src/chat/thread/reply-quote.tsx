import { UnstyledButton } from '@mantine/core';
import type { MessageId } from '@parley/protocol';
import { useChat } from '../../chat-context.tsx';
import classes from './reply-quote.module.css';
import { nameOf, shownById } from './rows.ts';
import { useThreadActions } from './thread-context.tsx';

/** What a message answers; a press brings it into view. */
export function ReplyQuote({ messageId }: { messageId: MessageId }) {
  const { conversationId, jumpToMessage } = useThreadActions();
  const shown = useChat((chat) => {
    const thread = chat.threads.get(conversationId);
    return thread && shownById(thread.shown, messageId);
  });
  const sender = useChat((chat) => (shown ? nameOf(chat, shown.message.senderId) : undefined));
  return (
    <UnstyledButton
      className={classes.quote}
      aria-label={sender ? `Answers ${sender}: show that message` : 'Answers an earlier message: show it'}
      onClick={() => void jumpToMessage(messageId)}
    >
      {sender && (
        <bdi className={classes.sender} dir="auto">
          {sender}
        </bdi>
      )}
      <span className={classes.text} dir="auto">
        {!shown && 'An earlier message'}
        {shown?.isDeleted ? 'Message deleted' : shown?.text.slice(0, 200)}
      </span>
    </UnstyledButton>
  );
}
