import { Group, Text } from '@mantine/core';
import { AlertIcon } from './icons.tsx';

/** The error of a form, announced by screen readers. */
export function FormError({ error }: { error: string | null }) {
  return (
    <div role="alert">
      {error !== null && (
        <Group gap="xs" c="var(--mantine-color-error)" wrap="nowrap">
          <AlertIcon />
          <Text size="sm">{error}</Text>
        </Group>
      )}
    </div>
  );
}
