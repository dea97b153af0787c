import { argon2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. It takes about 30 ms. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const HASH_BYTES = 32;

const derive = (password: string, salt: Buffer, cost: { memory: number; passes: number; parallelism: number }) =>
  argon2Sync('argon2id', { message: password.normalize('NFKC'), nonce: salt, tagLength: HASH_BYTES, ...cost });

/** Hashes a password. The result is a PHC string, which contains the parameters. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16);
  const hash = derive(password, salt, { memory: MEMORY_KIB, passes: PASSES, parallelism: LANES });
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Returns whether the password matches the hash, in constant time. */
export function verifyPassword(password: string, phc: string): boolean {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc);
  if (!parts) throw new Error('not an argon2id hash');
  const [, memory, passes, parallelism, salt = '', expected = ''] = parts;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const hash = derive(password, Buffer.from(salt, 'base64'), cost);
  const expectedHash = Buffer.from(expected, 'base64');
  return hash.length === expectedHash.length && timingSafeEqual(hash, expectedHash);
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
