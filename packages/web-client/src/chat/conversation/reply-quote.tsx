import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { MessageId } from '@parley/protocol';
import { useChat } from '../../chat-context.tsx';
import { useConversationActions } from './conversation-context.tsx';
import classes from './reply-quote.module.css';
import { nameOf, shownById } from './rows.ts';

/** What a message answers; a press brings it into view. */
export function ReplyQuote({ messageId }: { messageId: MessageId }) {
  const { conversationId, jumpToMessage } = useConversationActions();
  const shown = useChat((chat) => {
    const view = chat.views.get(conversationId);
    return view && shownById(view.shown, messageId);
  });
  const sender = useChat((chat) => (shown ? nameOf(chat, shown.message.senderId) : undefined));
  return (
    <UnstyledButton className={classes.quote} onClick={() => void jumpToMessage(messageId)}>
      <VisuallyHidden component="span">Answers </VisuallyHidden>
      {sender && (
        <>
          <bdi className={classes.sender} dir="auto">
            {sender}
          </bdi>
          <VisuallyHidden component="span">: </VisuallyHidden>
        </>
      )}
      <span className={classes.text} dir="auto">
        {!shown && 'An earlier message'}
        {shown?.isDeleted ? 'Message deleted' : shown?.text.slice(0, 200)}
      </span>
    </UnstyledButton>
  );
}
