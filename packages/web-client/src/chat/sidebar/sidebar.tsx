import { ActionIcon, Group, Loader, Title } from '@mantine/core';
import { type KeyboardEvent, useRef, useState } from 'react';
import { useChat } from '../../chat-context.tsx';
import { LogoIcon, PencilIcon, PeopleIcon } from '../../ui/icons.tsx';
import { lazyComponent } from '../../ui/lazy-component.tsx';
import { SearchBox } from '../search/search-box.tsx';
import { ConversationItem } from './conversation-item.tsx';
import { ProfileBar } from './profile-bar.tsx';
import classes from './sidebar.module.css';
import { useLoadPreviews } from './use-load-previews.ts';

const NewDirectDialog = lazyComponent(() => import('./new-direct-dialog.tsx'));
const NewGroupDialog = lazyComponent(() => import('./new-group-dialog.tsx'));
const SearchPanel = lazyComponent(() => import('../search/search-panel.tsx'));

/** The conversation list, or search results while the search input has text. */
export function Sidebar({ className }: { className: string | undefined }) {
  const conversations = useChat((chat) => chat.conversations);
  const [dialog, setDialog] = useState<'direct' | 'group' | null>(null);
  const [typed, setTyped] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const results = useRef<HTMLDivElement>(null);
  const close = () => setDialog(null);
  useLoadPreviews();
  return (
    <nav className={className} aria-label="Conversations">
      <div className={classes.head}>
        <Group gap="xs" wrap="nowrap">
          <LogoIcon />
          <Title order={1} size="h4" flex={1}>
            Parley
          </Title>
          <ActionIcon
            variant="light"
            size="lg"
            aria-label="New message"
            title="New message"
            onClick={() => setDialog('direct')}
          >
            <PencilIcon />
          </ActionIcon>
          <ActionIcon
            variant="light"
            size="lg"
            aria-label="New group"
            title="New group"
            onClick={() => setDialog('group')}
          >
            <PeopleIcon />
          </ActionIcon>
        </Group>
        <SearchBox
          field={field}
          typed={typed}
          onType={setTyped}
          onDown={() => results.current?.querySelector('button')?.focus()}
        />
      </div>
      {/** biome-ignore lint/a11y/noStaticElementInteractions: it moves the focus between the buttons in it */}
      <div ref={results} className={classes.results} onKeyDown={(event) => moveFocus(event, field.current)}>
        {typed.trim() !== '' && <SearchPanel typed={typed} onDone={() => setTyped('')} />}
        {typed.trim() === '' && conversations === null && (
          <Group justify="center" p="md">
            <Loader size="sm" aria-label="Loading conversations" />
          </Group>
        )}
        {typed.trim() === '' && conversations && (
          <ul className={classes.list}>
            {conversations.map((conversation) => (
              <li key={conversation.id}>
                <ConversationItem conversation={conversation} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <ProfileBar />
      {dialog === 'direct' && <NewDirectDialog onClose={close} />}
      {dialog === 'group' && <NewGroupDialog onClose={close} />}
    </nav>
  );
}

/** Moves the focus with the arrow keys. Up from the first entry, and Escape, lead back to the search input. */
function moveFocus(event: KeyboardEvent<HTMLDivElement>, field: HTMLInputElement | null): void {
  const isDown = event.key === 'ArrowDown';
  if (!isDown && event.key !== 'ArrowUp' && event.key !== 'Escape') return;
  event.preventDefault();
  const entries = [...event.currentTarget.querySelectorAll('button')];
  const index = entries.indexOf(document.activeElement as HTMLButtonElement);
  const next = event.key === 'Escape' ? undefined : entries[index + (isDown ? 1 : -1)];
  if (next) next.focus();
  else if (!isDown) field?.focus();
}
