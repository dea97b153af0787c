import { readFile, writeFile } from 'node:fs/promises';
import { asyncApiDocument } from './asyncapi.ts';
import { documentText } from './document-text.ts';
import { openApiDocument } from './openapi.ts';

/** The repository's root, which the names of the files start from. */
const ROOT = new URL('../../../', import.meta.url);

const DOCUMENTS = [
  ['docs/openapi.json', openApiDocument],
  ['docs/asyncapi.json', asyncApiDocument],
] as const;

const onlyCheck = process.argv.includes('--check');

for (const [file, makeDocument] of DOCUMENTS) {
  const url = new URL(file, ROOT);
  const text = documentText(makeDocument());
  if (!onlyCheck) {
    await writeFile(url, text);
    process.stdout.write(`wrote ${file}\n`);
  } else if ((await readFile(url, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${file} is not in step with the code: run "npm run docs"\n`);
    process.exitCode = 1;
  }
}
