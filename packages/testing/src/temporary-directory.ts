import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from '@jest/globals';
import { atFileEnd } from './at-file-end.ts';

/** Creates an empty directory, named after the test file, that is deleted when the file ends. */
export async function newTemporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `${basename(expect.getState().testPath ?? 'test', '.test.ts')}-`));
  atFileEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
