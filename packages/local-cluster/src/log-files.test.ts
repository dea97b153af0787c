import { appendFileSync, closeSync, readFileSync, writeSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { LogFiles } from './log-files.ts';

const directory = await newTemporaryDirectory();
const open: LogFiles[] = [];

function newLogFiles(limits?: { maxBytes: number; checkEveryMs: number }): LogFiles {
  const logs = new LogFiles(
    directory,
    (error) => {
      throw error;
    },
    limits,
  );
  open.push(logs);
  return logs;
}

afterEach(() => Promise.all(open.splice(0).map((logs) => logs.close())));

test('a log file above the size limit is copied and truncated, and its writer continues in the empty file', async () => {
  const logs = newLogFiles({ maxBytes: 10, checkEveryMs: 5 });
  const file = logs.open('long');
  writeSync(file, 'more than ten bytes\n');
  await eventually(() => expect(logs.sizeOf('long')).toBe(0));
  writeSync(file, 'next\n');
  closeSync(file);
  expect(readFileSync(logs.pathOf('long'), 'utf8')).toBe('next\n');
  expect(readFileSync(`${logs.pathOf('long')}.1`, 'utf8')).toBe('more than ten bytes\n');
});

test('the last line of a run is not taken from an earlier run', () => {
  const logs = newLogFiles();
  appendFileSync(logs.pathOf('short'), 'earlier\n');
  const size = logs.sizeOf('short');
  expect(logs.lastLineSince('short', size)).toBe('');
  appendFileSync(logs.pathOf('short'), 'one\ntwo\n');
  expect(logs.lastLineSince('short', size)).toBe('two');
});
