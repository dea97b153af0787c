import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from './write-atomically.ts';

/** Returns the JWT_SECRET of this data directory; generates it on the first start. Only the owner can read the file. */
export function loadOrCreateJwtSecret(dataDir: string): string {
  const path = join(dataDir, 'jwt-secret');
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret.length >= 32) return secret;
  } catch {
    // The first start.
  }
  const secret = randomBytes(48).toString('base64url');
  writeAtomically(path, `${secret}\n`, 0o600);
  return secret;
}
