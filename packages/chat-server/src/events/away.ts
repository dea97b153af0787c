import { AwayPayload, type DoneReply } from '@parley/protocol';
import type { Presence } from '../presence/presence.ts';
import { eventHandler } from './dispatcher.ts';

/** `away`: shown to those who see whether the user is online. */
export const awayHandler = ({ presence }: { presence: Presence }) =>
  eventHandler({
    payload: AwayPayload,
    async handle(_socket, { userId }, { isAway }): Promise<DoneReply> {
      await presence.setAway(userId, isAway);
      return { ok: true };
    },
  });
