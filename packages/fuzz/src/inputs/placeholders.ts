import type { Bytes } from './hostile-input.ts';

/** The values of placeholders: ids of this run, and the attacker's own token. */
export const PLACEHOLDERS = [
  'host', // of the public address
  'token', // the attacker's valid access token
  'cookie', // the attacker's valid refresh cookie
  'sid', // of the attacker's Engine.IO session
  'self', // the attacker's user id
  'own', // a group of the attacker and a healthy user
  'lobby',
  'private', // a group of healthy users
  'victim', // a healthy user
  'message', // a message in the private group
] as const;

export type Placeholder = (typeof PLACEHOLDERS)[number];
export type PlaceholderValues = Readonly<Record<Placeholder, string>>;

const PATTERN = new RegExp(`\\{\\{(${PLACEHOLDERS.join('|')})\\}\\}`, 'g');

/** Returns the bytes to send. */
export function resolveBytes(bytes: Bytes, values: PlaceholderValues): Buffer {
  if (typeof bytes !== 'string') {
    return Buffer.from(fill(bytes.repeat, values).repeat(bytes.times), 'latin1');
  }
  return Buffer.from(fill(bytes, values), 'latin1');
}

export const fill = (text: string, values: PlaceholderValues): string =>
  text.replace(PATTERN, (_, name: Placeholder) => values[name]);
