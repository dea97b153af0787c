import { VisuallyHidden } from '@mantine/core';
import type { DeliveryState } from '@parley/client';
import { AlertIcon, CheckIcon, CircledCheckIcon, ClockIcon, DoubleCheckIcon } from '../../ui/icons.tsx';
import classes from './message-row.module.css';

const MARKS = {
  sending: { Icon: ClockIcon, meaning: 'On its way: the server does not have it yet' },
  accepted: { Icon: CheckIcon, meaning: 'Accepted: the server has it' },
  stored: { Icon: CircledCheckIcon, meaning: 'Stored: it is in the history for good' },
  delivered: { Icon: DoubleCheckIcon, meaning: 'Delivered: it has arrived' },
  read: { Icon: DoubleCheckIcon, meaning: 'Read' },
  failed: { Icon: AlertIcon, meaning: 'Not sent' },
} as const;

/** How far one's own message has come. */
export function DeliveryStatus({ state }: { state: DeliveryState }) {
  const { Icon, meaning } = MARKS[state];
  return (
    <span className={classes.delivery} data-state={state} title={meaning}>
      <Icon size={15} />
      <VisuallyHidden>{meaning}</VisuallyHidden>
    </span>
  );
}
