import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspacePath } from '@parley/local-cluster';
import type { HostileCase } from './hostile-input.ts';

/** Returns the cases that once failed, by their file names. A finding's file can be copied here as it is. */
export function readRegressions(directory = workspacePath('packages/fuzz/regressions')): HostileCase[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      ...(JSON.parse(readFileSync(join(directory, file), 'utf8')) as Omit<HostileCase, 'id'>),
      id: file.replace(/\.json$/, ''),
    }));
}
