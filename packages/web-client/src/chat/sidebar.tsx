import { Button, Group, Loader, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useChat } from '../chat-context.tsx';
import { ColourSchemeToggle } from '../shell/colour-scheme-toggle.tsx';
import { LogoIcon, PencilIcon, PeopleIcon } from '../shell/icons.tsx';
import { LogOutButton } from '../shell/log-out-button.tsx';
import { ConversationItem } from './conversation-item.tsx';
import { NewDirectDialog } from './new-direct-dialog.tsx';
import { NewGroupDialog } from './new-group-dialog.tsx';
import classes from './sidebar.module.css';

export function Sidebar({ className }: { className: string | undefined }) {
  const me = useChat((chat) => chat.me);
  const conversations = useChat((chat) => chat.conversations);
  const [isDirectOpen, direct] = useDisclosure(false);
  const [isGroupOpen, group] = useDisclosure(false);
  return (
    <nav className={className} aria-label="Conversations">
      <div className={classes.head}>
        <Group gap="xs" wrap="nowrap">
          <LogoIcon />
          <Title order={1} size="h4" flex={1}>
            Parley
          </Title>
          <ColourSchemeToggle />
          <LogOutButton size="compact-sm" />
        </Group>
        <Text size="sm" c="dimmed" truncate mt={4}>
          You are <bdi>{me?.displayName}</bdi>
        </Text>
        <Group grow gap="xs" mt="sm">
          <Button size="xs" px={4} variant="light" leftSection={<PencilIcon size={16} />} onClick={direct.open}>
            New message
          </Button>
          <Button size="xs" px={4} variant="light" leftSection={<PeopleIcon size={16} />} onClick={group.open}>
            New group
          </Button>
        </Group>
      </div>
      {conversations === null ? (
        <Group justify="center" p="md">
          <Loader size="sm" aria-label="Loading the conversations" />
        </Group>
      ) : (
        <ul className={classes.list}>
          {conversations.map((conversation) => (
            <li key={conversation.id}>
              <ConversationItem conversation={conversation} />
            </li>
          ))}
        </ul>
      )}
      <NewDirectDialog isOpen={isDirectOpen} onClose={direct.close} />
      <NewGroupDialog isOpen={isGroupOpen} onClose={group.close} />
    </nav>
  );
}
