import { UnstyledButton } from '@mantine/core';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { formatFull, formatShort } from '../../ui/format-time.ts';
import { nameOf } from '../conversation/rows.ts';
import { useJump } from '../jump-to-message.tsx';
import classes from './search-panel.module.css';
import { snippetOf } from './snippet.ts';
import type { Hit } from './use-search.ts';

/** A search result. A click jumps to the message in its conversation. */
export function SearchHit({ hit, query, onDone }: { hit: Hit; query: string; onDone: () => void }) {
  const chat = useChatClient();
  const { jumpTo } = useJump();
  const sender = useChat((snapshot) => (hit.senderId === snapshot.me?.id ? 'You' : nameOf(snapshot, hit.senderId)));
  const show = () => {
    void chat.open(hit.conversationId);
    jumpTo({ conversationId: hit.conversationId, seq: hit.seq });
    onDone();
  };
  return (
    <UnstyledButton className={classes.hit} onClick={show}>
      <span className={classes.line}>
        <bdi className={classes.sender}>{sender}</bdi>
        <time dateTime={hit.createdAt} title={formatFull(hit.createdAt)}>
          {formatShort(hit.createdAt)}
        </time>
      </span>
      <span className={classes.snippet} dir="auto">
        {snippetOf(hit.text ?? '', query).map((part, index) =>
          part.isMatch ? <mark key={index}>{part.text}</mark> : <span key={index}>{part.text}</span>,
        )}
      </span>
    </UnstyledButton>
  );
}
