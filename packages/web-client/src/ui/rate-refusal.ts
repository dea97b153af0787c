import type { ChatSnapshot } from '@parley/client';

/** The connection while the cluster refuses it because of a limit; undefined otherwise. */
export const rateRefusalOf = ({ connection }: ChatSnapshot) =>
  connection.phase === 'offline' && connection.error.code === 'RATE_LIMITED' ? connection : undefined;

export const secondsUntil = (atMs: number): number => Math.max(1, Math.ceil((atMs - Date.now()) / 1_000));
