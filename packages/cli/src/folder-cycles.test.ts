import { expect, test } from '@jest/globals';
import { findFolderCycles } from './folder-cycles.ts';

const cyclesOf = (imports: Record<string, string[]>) => findFolderCycles(new Map(Object.entries(imports)));

test('reports folders that import each other through different files', () => {
  const cycles = cyclesOf({
    'rest/routes.ts': ['events/event.ts'],
    'events/other.ts': ['rest/limits.ts'],
    'main.ts': ['rest/routes.ts'],
  });
  expect(cycles).toEqual([
    {
      folder: '',
      members: ['events', 'rest'],
      examples: [
        { from: 'events/other.ts', to: 'rest/limits.ts' },
        { from: 'rest/routes.ts', to: 'events/event.ts' },
      ],
    },
  ]);
});

test('reports a cycle across three folders, and one between a folder and a file beside it', () => {
  const long = cyclesOf({ 'a/1.ts': ['b/1.ts'], 'b/2.ts': ['c/1.ts'], 'c/2.ts': ['a/2.ts'] });
  expect(long.map(({ members }) => members)).toEqual([['a', 'b', 'c']]);
  const file = cyclesOf({ 'index.ts': ['parts/part.ts'], 'parts/other.ts': ['index.ts'] });
  expect(file.map(({ members }) => members)).toEqual([['index.ts', 'parts']]);
});

test('accepts imports in one direction, including those between nested folders', () => {
  expect(cyclesOf({ 'a/x/1.ts': ['a/y/1.ts', 'b/1.ts'], 'a/y/2.ts': ['b/1.ts'], 'b/1.ts': ['shared.ts'] })).toEqual([]);
});

test('reports a cycle between nested folders', () => {
  const cycles = cyclesOf({ 'a/x/1.ts': ['a/y/1.ts'], 'a/y/2.ts': ['a/x/2.ts'] });
  expect(cycles.map(({ folder, members }) => ({ folder, members }))).toEqual([{ folder: 'a', members: ['x', 'y'] }]);
});
