// Part of `npm run check`: prints the folders of a package that import each other in a cycle, and fails if there are any.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { workspacePath } from '@parley/local-cluster';
import { findFolderCycles, readImports } from './folder-cycles.ts';

/** Folders with a known cycle. A folder leaves the list when its cycle is gone. */
const EXCEPTIONS: ReadonlySet<string> = new Set(['packages/web-client/src/chat']);

const packages = readdirSync(workspacePath('packages'));
let files = 0;
let cycles = 0;
for (const name of packages) {
  const imports = readImports(workspacePath(`packages/${name}/src`));
  files += imports.size;
  for (const { folder, members, examples } of findFolderCycles(imports)) {
    const path = join('packages', name, 'src', folder);
    if (EXCEPTIONS.has(path)) continue;
    cycles += 1;
    process.stdout.write(`${path}: ${members.join(', ')} import each other\n`);
    for (const { from, to } of examples) process.stdout.write(`  ${from} -> ${to}\n`);
  }
}
process.stdout.write(`${files} source files examined, ${cycles} cycles between folders\n`);
if (cycles > 0) process.exitCode = 1;
