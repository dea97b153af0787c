import { CloseButton } from '@mantine/core';
import { useChat } from '../../chat-context.tsx';
import { PencilIcon, ReplyIcon } from '../../ui/icons.tsx';
import type { ComposerMode } from '../conversation/conversation-context.tsx';
import { nameOf } from '../conversation/rows.ts';
import classes from './composer.module.css';

/** Which message is answered or edited, and the way out of that. */
export function ComposerModeBar({ mode, onCancel }: { mode: ComposerMode; onCancel: () => void }) {
  const sender = useChat((chat) => (mode ? nameOf(chat, mode.entry.message.senderId) : ''));
  if (!mode) return null;
  const isReply = mode.kind === 'reply';
  return (
    <div className={classes.mode}>
      {isReply ? <ReplyIcon size={18} /> : <PencilIcon size={18} />}
      <span className={classes.modeText}>
        <strong>
          {isReply ? 'Reply to ' : 'Edit your message'}
          {isReply && <bdi>{sender}</bdi>}
        </strong>
        <span dir="auto">{mode.entry.text.slice(0, 200)}</span>
      </span>
      <CloseButton aria-label={isReply ? 'Do not reply' : 'Do not edit'} onClick={onCancel} />
    </div>
  );
}
