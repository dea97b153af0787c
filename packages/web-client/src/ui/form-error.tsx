import { Group, Text } from '@mantine/core';
import { AlertIcon } from './icons.tsx';

/** Why a form was refused; read out when it comes up. */
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
