import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

test('the documents in docs/ are in step with the code', async () => {
  const script = fileURLToPath(new URL('../src/write-docs.ts', import.meta.url));
  const run = promisify(execFile)(process.execPath, [script, '--check'], { timeout: 150_000 });
  await expect(run).resolves.toEqual({ stdout: '', stderr: '' });
});
