import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { MessageId } from '@parley/protocol';
import { useChat } from '../../chat-context.tsx';
import { useConversationActions } from './conversation-context.tsx';
import classes from './reply-quote.module.css';
import { entryById, nameOf } from './rows.ts';

/** The message that a reply refers to. A click jumps to it. */
export function ReplyQuote({ messageId }: { messageId: MessageId }) {
  const { conversationId, jumpToMessage } = useConversationActions();
  const entry = useChat((chat) => {
    const view = chat.views.get(conversationId);
    return view && entryById(view.timeline, messageId);
  });
  const sender = useChat((chat) => (entry ? nameOf(chat, entry.message.senderId) : undefined));
  return (
    <UnstyledButton className={classes.quote} onClick={() => void jumpToMessage(messageId)}>
      <VisuallyHidden component="span">Reply to </VisuallyHidden>
      {sender && (
        <>
          <bdi className={classes.sender} dir="auto">
            {sender}
          </bdi>
          <VisuallyHidden component="span">: </VisuallyHidden>
        </>
      )}
      <span className={classes.text} dir="auto">
        {!entry && 'Earlier message'}
        {entry?.isDeleted ? 'Message deleted' : entry?.text.slice(0, 200)}
      </span>
    </UnstyledButton>
  );
}
