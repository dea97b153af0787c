import { randomBytes } from 'node:crypto';
import type { FencingToken } from './session-leases.ts';

/** A token that no other holding ever has: 128 random bits. */
export const newFencingToken = (): FencingToken => randomBytes(16).toString('base64url') as FencingToken;
