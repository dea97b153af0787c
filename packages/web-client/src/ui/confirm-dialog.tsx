import { Button, Group, Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { FormError } from './form-error.tsx';
import { useReturnFocus } from './use-return-focus.ts';
import { useSubmit } from './use-submit.ts';

interface ConfirmDialogProps {
  readonly title: string;
  /** Label of the confirm button. */
  readonly action: string;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<unknown>;
  readonly children: ReactNode;
}

/** Asks for confirmation. If the action fails, the dialog stays open and shows the error. */
export function ConfirmDialog({ title, action, onClose, onConfirm, children }: ConfirmDialogProps) {
  const { isBusy, error, submit } = useSubmit();
  useReturnFocus();
  const confirm = () =>
    void submit(async () => {
      await onConfirm();
      onClose();
    });
  return (
    <Modal opened onClose={onClose} title={title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      {children}
      <FormError error={error} />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button color="red.9" loading={isBusy} onClick={confirm} data-autofocus>
          {action}
        </Button>
      </Group>
    </Modal>
  );
}
