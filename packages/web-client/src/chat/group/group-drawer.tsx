import { Button, Drawer, Stack, Text, Title } from '@mantine/core';
import type { Conversation, User } from '@parley/protocol';
import { useState } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { useReturnFocus } from '../../ui/use-return-focus.ts';
import { titleOf } from '../conversation-title.ts';
import classes from './group-drawer.module.css';
import { InviteForm } from './invite-form.tsx';
import { MemberItem } from './member-item.tsx';
import { RenameForm } from './rename-form.tsx';

type Question = { readonly about: 'leave' } | { readonly about: 'remove'; readonly member: User };

/** Group details: name and members, with actions to rename, invite, remove and leave. */
export default function GroupDrawer({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const chat = useChatClient();
  const myId = useChat((snapshot) => snapshot.me?.id);
  const [question, setQuestion] = useState<Question | null>(null);
  useReturnFocus();
  const { id, members, createdBy } = conversation;
  const title = titleOf(conversation, myId);
  const isCreator = createdBy === myId;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="22rem"
      title="Group details"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="lg">
        <RenameForm key={title} conversationId={id} title={title} />
        <section>
          <Title order={3} size="h6" mb="xs">
            {members.length === 1 ? '1 member' : `${members.length} members`}
          </Title>
          <ul className={classes.members}>
            {members.map((member) => (
              <MemberItem
                key={member.id}
                member={member}
                isMe={member.id === myId}
                isCreator={member.id === createdBy}
                onRemove={isCreator && member.id !== myId ? () => setQuestion({ about: 'remove', member }) : undefined}
              />
            ))}
          </ul>
        </section>
        <InviteForm conversation={conversation} />
        <Button variant="default" c="var(--mantine-color-error)" onClick={() => setQuestion({ about: 'leave' })}>
          Leave group…
        </Button>
      </Stack>
      {question?.about === 'leave' && (
        <ConfirmDialog
          title="Leave this group?"
          action="Leave"
          onClose={() => setQuestion(null)}
          onConfirm={() => chat.leave(id)}
        >
          <Text size="sm">You will no longer see its messages unless a member invites you again.</Text>
        </ConfirmDialog>
      )}
      {question?.about === 'remove' && (
        <ConfirmDialog
          title={`Remove ${question.member.displayName}?`}
          action="Remove"
          onClose={() => setQuestion(null)}
          onConfirm={() => chat.removeMember(id, question.member.id)}
        >
          <Text size="sm">They will no longer see the messages of this group.</Text>
        </ConfirmDialog>
      )}
    </Drawer>
  );
}
