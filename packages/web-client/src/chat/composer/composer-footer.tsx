import { Text } from '@mantine/core';
import { MAX_TEXT_CHARACTERS } from '@parley/client';
import classes from './composer.module.css';
import type { ComposerText } from './use-composer-text.ts';

const limit = MAX_TEXT_CHARACTERS.toLocaleString('en');

/** The error of the last attempt to send, the key hints and the length of the text. */
export function ComposerFooter({ error, composed }: { error: string | null; composed: ComposerText }) {
  const { characters, isTooLong } = composed;
  return (
    <div className={classes.below}>
      <div role="alert">
        {error !== null && (
          <Text size="xs" c="var(--mantine-color-error)">
            {error}
          </Text>
        )}
      </div>
      <Text size="xs" c="dimmed" className={classes.hint}>
        Enter to send, Shift+Enter for a new line
      </Text>
      <Text size="xs" c={isTooLong ? 'var(--mantine-color-error)' : 'dimmed'} aria-live={isTooLong ? 'polite' : 'off'}>
        {isTooLong && 'Too long: '}
        {characters.toLocaleString('en')} / {limit}
      </Text>
    </div>
  );
}
