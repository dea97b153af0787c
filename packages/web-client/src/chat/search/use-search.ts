import { useDebouncedValue } from '@mantine/hooks';
import type { SearchPage } from '@parley/protocol';
import { useEffect, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { describeError } from '../../ui/describe-error.ts';
import { useRetryAfter } from '../../ui/use-retry-after.ts';

const TYPING_PAUSE_MS = 250;

export type Hit = SearchPage['messages'][number];

interface Search {
  /** The query of these results. */
  readonly query: string;
  /** Newest first; null until the results are loaded. */
  readonly hits: readonly Hit[] | null;
  readonly hasMore: boolean;
  readonly error: string | null;
  readonly loadMore: () => void;
}

interface Found {
  readonly query: string;
  readonly hits: readonly Hit[] | null;
  readonly hasMore: boolean;
  readonly error: string | null;
}

/** Searches messages page by page, after a pause in typing. */
export function useSearch(typed: string): Search {
  const chat = useChatClient();
  const [query] = useDebouncedValue(typed.trim(), TYPING_PAUSE_MS);
  const [found, setFound] = useState<Found>({ query, hits: null, hasMore: false, error: null });
  const [after, setAfter] = useState<Hit | undefined>();
  const { attempt, retryAfter } = useRetryAfter();

  useEffect(() => {
    if (query === '') return;
    let isCurrent = true;
    chat.search(query, undefined, after?.id).then(
      ({ messages, hasMore }) => {
        if (!isCurrent) return;
        setFound((before) => ({
          query,
          hits: after && before.query === query ? [...(before.hits ?? []), ...messages] : messages,
          hasMore,
          error: null,
        }));
      },
      (reason: unknown) => {
        if (!isCurrent) return;
        setFound((before) => ({ ...before, query, hasMore: false, error: describeError(reason) }));
        retryAfter(reason);
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [chat, query, after, attempt]);

  // A new query starts at its first page.
  const [lastQuery, setLastQuery] = useState(query);
  if (query !== lastQuery) {
    setLastQuery(query);
    setAfter(undefined);
  }
  const isFor = found.query === query;
  return {
    ...found,
    query,
    hits: isFor ? found.hits : null,
    loadMore: () => setAfter(found.hits?.at(-1)),
  };
}
