import { Center, Paper, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { LogoIcon } from '../ui/icons.tsx';
import classes from './centred-screen.module.css';

/** A full-page screen with one centred panel. */
export function CentredScreen({ children }: { children: ReactNode }) {
  return (
    <main className={classes.screen}>
      <Stack className={classes.content} gap="lg">
        <Center>
          <LogoIcon size={40} />
          <Text component="span" fz={30} fw={700} ml="xs">
            Parley
          </Text>
        </Center>
        <Paper withBorder p="xl" shadow="sm">
          {children}
        </Paper>
      </Stack>
    </main>
  );
}
