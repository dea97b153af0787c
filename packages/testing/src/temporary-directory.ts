import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atFileEnd } from './at-file-end.ts';

/** Creates an empty directory that is deleted when the test file ends. */
export async function newTemporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-test-'));
  atFileEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
