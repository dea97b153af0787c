import { Button, Loader, Text } from '@mantine/core';
import { useChat } from '../../chat-context.tsx';
import { titleOf } from '../conversation-title.ts';
import { ConversationItem } from '../sidebar/conversation-item.tsx';
import { SearchHit } from './search-hit.tsx';
import classes from './search-panel.module.css';
import { type Hit, useSearch } from './use-search.ts';

interface SearchPanelProps {
  readonly typed: string;
  /** Called when a result was selected. */
  readonly onDone: () => void;
}

/** Search results: matching conversations, then messages grouped by conversation, newest first. */
export default function SearchPanel({ typed, onDone }: SearchPanelProps) {
  const myId = useChat((chat) => chat.me?.id);
  const conversations = useChat((chat) => chat.conversations);
  const { query, hits, hasMore, error, loadMore } = useSearch(typed);
  const wanted = typed.trim().toLocaleLowerCase();
  const named = conversations?.filter((one) => titleOf(one, myId).toLocaleLowerCase().includes(wanted)) ?? [];
  const isNothing = hits?.length === 0 && named.length === 0;
  return (
    <section className={classes.panel} aria-label="Search results">
      {named.length > 0 && (
        <>
          <h2 className={classes.heading}>Conversations</h2>
          <ul className={classes.list}>
            {named.map((conversation) => (
              <li key={conversation.id}>
                <ConversationItem conversation={conversation} onOpen={onDone} />
              </li>
            ))}
          </ul>
        </>
      )}
      <h2 className={classes.heading}>Messages</h2>
      <Text role="status" size="sm" c="dimmed" px="sm">
        {error ?? (hits === null ? <Loader size="xs" aria-label="Searching" /> : describe(hits, hasMore))}
      </Text>
      {hits &&
        byConversation(hits).map((group) => <Group key={group[0].id} hits={group} query={query} onDone={onDone} />)}
      {hasMore && (
        <Button variant="subtle" size="compact-sm" m="xs" onClick={loadMore}>
          Load earlier messages
        </Button>
      )}
      {isNothing && (
        <Text size="sm" c="dimmed" px="sm">
          A message must contain all words. The beginning of a word is enough.
        </Text>
      )}
    </section>
  );
}

type Hits = readonly [Hit, ...Hit[]];

function Group({ hits, query, onDone }: { hits: Hits; query: string; onDone: () => void }) {
  const title = useChat((chat) => {
    const conversation = chat.conversations?.find(({ id }) => id === hits[0].conversationId);
    return conversation ? titleOf(conversation, chat.me?.id) : 'Conversation';
  });
  return (
    <>
      <h3 className={classes.title} dir="auto">
        {title}
      </h3>
      <ul className={classes.list} aria-label={`Messages in ${title}`}>
        {hits.map((hit) => (
          <li key={hit.id}>
            <SearchHit hit={hit} query={query} onDone={onDone} />
          </li>
        ))}
      </ul>
    </>
  );
}

function byConversation(hits: readonly Hit[]): Hits[] {
  const groups = new Map<string, [Hit, ...Hit[]]>();
  for (const hit of hits) {
    const group = groups.get(hit.conversationId);
    if (group) group.push(hit);
    else groups.set(hit.conversationId, [hit]);
  }
  return [...groups.values()];
}

function describe(hits: readonly Hit[], hasMore: boolean): string {
  if (hits.length === 0) return 'No messages found.';
  if (hits.length === 1) return '1 message';
  return hasMore ? `Newest ${hits.length} messages` : `${hits.length} messages`;
}
