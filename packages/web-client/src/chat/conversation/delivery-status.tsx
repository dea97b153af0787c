import { VisuallyHidden } from '@mantine/core';
import type { DeliveryState } from '@parley/client';
import { AlertIcon, CheckIcon, CircledCheckIcon, ClockIcon, DoubleCheckIcon } from '../../ui/icons.tsx';
import classes from './message-row.module.css';

const STATES = {
  sending: { Icon: ClockIcon, label: 'Sending: not on the server yet' },
  accepted: { Icon: CheckIcon, label: 'Accepted: received by the server' },
  stored: { Icon: CircledCheckIcon, label: 'Stored: saved in the history' },
  delivered: { Icon: DoubleCheckIcon, label: 'Delivered: received by all members' },
  read: { Icon: DoubleCheckIcon, label: 'Read' },
  failed: { Icon: AlertIcon, label: 'Not sent' },
} as const;

/** The delivery state of the user's own message. */
export function DeliveryStatus({ state }: { state: DeliveryState }) {
  const { Icon, label } = STATES[state];
  return (
    <span className={classes.delivery} data-state={state} title={label}>
      <Icon size={15} />
      <VisuallyHidden>{label}</VisuallyHidden>
    </span>
  );
}
