import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A new empty directory, asked for at the top level of a test file, that is deleted after it. */
export async function newTemporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-test-'));
  afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
